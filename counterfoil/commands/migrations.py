"""`counterfoil migrations DIR`: the migrations of an application, judged in its own CI."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.audit.exit_codes import exit_code
from counterfoil.common.errors import MigrationsError
from counterfoil.common.terminal import one_line_errors, show_progress

EPILOG = (
    "Exit codes: 0 passed, 1 warnings, 2 critical findings, 3 something could not be judged."
    " Example: counterfoil migrations apps/backend/migrations --format github"
)


class LayoutChoice(StrEnum):
    """The layouts that --layout takes."""

    auto = "auto"
    numbered = "numbered"
    sql_migrate = "sql-migrate"
    supabase = "supabase"
    drizzle = "drizzle"
    flyway = "flyway"
    alembic = "alembic"


class FormatChoice(StrEnum):
    """The forms that --format takes."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


class FailOnChoice(StrEnum):
    """The severities that --fail-on takes."""

    critical = "critical"
    warning = "warning"
    never = "never"


def migrations(  # noqa: PLR0917
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of migrations, or one that holds some.")
    ],
    layout: Annotated[
        LayoutChoice, typer.Option(help="How the files are named and ordered.")
    ] = LayoutChoice.auto,
    form: Annotated[
        FormatChoice, typer.Option("--format", help="What to print.")
    ] = FormatChoice.text,
    contract: Annotated[
        Path | None,
        typer.Option(help="Contract whose `migrations` say what the folders are; DIR holds them."),
    ] = None,
    waivers: Annotated[
        Path | None, typer.Option(help="CSV of accepted findings, as seeds/waivers.csv is.")
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="Also run them, forward and back, on an empty server."),
    ] = False,
    fail_on: Annotated[
        FailOnChoice, typer.Option(help="Least severity for a non-zero exit code.")
    ] = FailOnChoice.warning,
) -> None:
    """Judge a folder of migrations: files are parsed, and no database of yours is needed."""
    with one_line_errors():
        show_progress()
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import MigrationTree, load_contract
        from counterfoil.migrations.extract import trees_of
        from counterfoil.migrations.output import render
        from counterfoil.migrations.workspace import judge_folder

        if not folder.is_dir():
            raise MigrationsError("no such folder", where=str(folder), remedy="Check the path")
        database = None
        if contract is not None:
            declared = load_contract(settings().project_dir, contract)
            database, trees = declared.database, dict(declared.migrations)
        else:
            template = MigrationTree.model_validate({"folder": ".", "layout": layout.value})
            trees = trees_of(folder, template)
        judged = judge_folder(
            folder,
            trees,
            settings(),
            database=database,
            waivers_file=waivers,
            with_rehearsal=rehearse,
        )
        print(render(judged.audit, judged.unknown, folder, form.value))
        raise typer.Exit(exit_code(judged.audit.status, fail_on.value))
