"""`counterfoil contract`: drafting one."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.commands.options import (
    ExcludeOption,
    SchemaOption,
    TargetOption,
    UrlOption,
    chosen,
)
from counterfoil.common.errors import ContractError
from counterfoil.common.terminal import one_line_errors, say

contract_app = typer.Typer(help="The contract of a database.", no_args_is_help=True)


@contract_app.callback()
def _group() -> None:
    """A group of commands, though there is one."""


@contract_app.command(
    "draft",
    epilog="Example: counterfoil contract draft --url postgresql://owner@db.internal/app"
    " --output contracts/production.yml",
)
def draft_contract(
    target: TargetOption = None,
    *,
    url: UrlOption = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write it to; nothing is overwritten.")
    ] = None,
    schema: SchemaOption = None,
    exclude: ExcludeOption = None,
    migrations: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of its migrations, or one that holds some."),
    ] = None,
) -> None:
    """Draft a contract from a live database: it is read, and nothing in it is changed."""
    with one_line_errors():
        from counterfoil.common.settings import settings
        from counterfoil.draft.contract import draft
        from counterfoil.draft.migrations import migration_trees
        from counterfoil.draft.survey import Choice, survey
        from counterfoil.postgres.server import announce
        from counterfoil.postgres.session import Session

        announce(settings().demo_dir)
        target = chosen(target, url)
        contract_dir = output.parent if output else Path()
        trees = migration_trees(migrations, contract_dir) if migrations else {}
        choice = Choice(schema or (), exclude or ())
        text = draft(survey(Session.of(target, settings()), choice), trees)
        if output is None:
            print(text, end="")
            return
        _write(output, text)
        say(f"Wrote {output}. Read it, then: counterfoil run --contract {output}")


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ContractError(
            "it exists, and may hold what you wrote",
            where=str(file),
            remedy="Name another file, or move that one away",
        ) from None
    except OSError as cause:
        raise ContractError(
            f"cannot be written: {cause.strerror}",
            where=str(file),
            remedy="Give --output a path that can be written",
        ) from None
