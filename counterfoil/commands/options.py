"""Options that several commands take."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterfoil.audit.exit_codes import FailOn

if TYPE_CHECKING:
    from counterfoil.pipeline.plan import Plan

ContractOption = Annotated[
    Path | None,
    typer.Option(help="Contract in place of contract.yml, in a checkout of dbt_project.yml's."),
]
TargetOption = Annotated[
    str | None,
    typer.Option("--target", help="Output of profiles.yml.", show_default="that file's target"),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        help="URL of the database, for one role that does everything; it goes before --target.",
        show_default="DATABASE_URL, where there is no profiles.yml",
    ),
]
SchemaOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Schema to draft, several times for several; the first is what bare names are in.",
        show_default="all that have tables",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(help="Tables to leave out, by name or glob; several times for several."),
]
FailOnOption = Annotated[FailOn, typer.Option(help="Least severity for a non-zero exit code.")]


def chosen(target: str | None, url: str | None = None) -> str:
    """The target that the options mean.

    Raises:
        TargetError: they name none, and no profile does.
    """
    from counterfoil.common.settings import settings
    from counterfoil.postgres.profiles import default_target

    if url is not None:
        return use_url(url)
    return default_target(settings().project_dir) if target is None else target


def use_url(url: str | None) -> str:
    """The target of a URL, or else of DATABASE_URL: under a name without its password.

    Raises:
        TargetError: there is neither.
    """
    from counterfoil.common.errors import TargetError
    from counterfoil.postgres.profiles import URL_VARIABLE

    if url is not None:
        os.environ[URL_VARIABLE] = url
    if not os.environ.get(URL_VARIABLE):
        raise TargetError(
            "no database is named",
            where="--url",
            remedy=f"Give its URL, or set {URL_VARIABLE}",
        )
    return URL_VARIABLE


def standing_plan(target: str, contract: Path | None) -> "Plan":
    """What an audit of the target would do; its views stand already, and are left as they are."""
    from counterfoil.common.settings import settings
    from counterfoil.pipeline.plan import make_plan
    from counterfoil.pipeline.views import check_views
    from counterfoil.postgres.server import announce

    announce(settings().demo_dir)
    plan = make_plan(target, contract and contract.absolute(), settings())
    check_views(plan)
    return plan
