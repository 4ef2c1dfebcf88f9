"""`counterfoil grants`: the roles that an audit runs as."""

import sys
from typing import Annotated

import typer

from counterfoil.commands.options import ContractOption, TargetOption, chosen
from counterfoil.common.terminal import one_line_errors


def grants(
    target: TargetOption = None,
    contract: ContractOption = None,
    reader: Annotated[
        str, typer.Option(help="Role of the analysts, who read the views.")
    ] = "counterfoil_reader",
    revoke: Annotated[
        bool,
        typer.Option(
            "--revoke", help="Print instead the SQL that drops views, history and these roles."
        ),
    ] = False,
) -> None:
    """Print the SQL that makes the target's roles, for the database's owner to run."""
    with one_line_errors():
        from counterfoil.common.errors import TargetError
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.contract.grants import render_grants, render_leaving
        from counterfoil.postgres.session import Session

        if not reader.strip():
            raise TargetError(
                "the analysts' role has no name",
                where="--reader",
                remedy="Name a role",
            )
        session = Session.of(chosen(target), settings())
        if revoke:
            sys.stdout.write(render_leaving(session, reader=reader))
            return
        declared = load_contract(settings().project_dir, contract)
        sys.stdout.write(render_grants(declared, session, reader=reader))
