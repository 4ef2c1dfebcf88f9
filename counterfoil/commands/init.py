"""`counterfoil init`: a folder of the user's own."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.commands.options import ExcludeOption, SchemaOption, UrlOption, use_url
from counterfoil.common.terminal import one_line_errors, say

EPILOG = (
    "It connects as the role of the URL, which has to read every table, and changes nothing."
    " Example: counterfoil init audits --url postgresql://owner@db.internal/app"
)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to make; empty if it is there.")
    ],
    url: UrlOption = None,
    schema: SchemaOption = None,
    exclude: ExcludeOption = None,
) -> None:
    """Make a folder for a database: its contract, drafted, and what else an audit needs."""
    with one_line_errors():
        from counterfoil.common.settings import settings
        from counterfoil.draft.contract import draft
        from counterfoil.draft.folder import check_is_free, write_folder
        from counterfoil.draft.survey import Choice, survey
        from counterfoil.postgres.session import Session

        check_is_free(folder)
        session = Session.of(use_url(url), settings())
        surveyed = survey(session, Choice(schema or (), exclude or ()))
        write_folder(folder, draft(surveyed), session.builder)
        say(f"Wrote {folder}. Read its contract.yml, then, in that folder:")
        say("  counterfoil grants > grants.sql  # for the owner to read and run; then passwords")
        say("  counterfoil doctor               # what is missing")
        say("  counterfoil run")
