"""`counterfoil views`: taking our views away."""

import typer

from counterfoil.commands.options import TargetOption, chosen
from counterfoil.common.terminal import one_line_errors, say

views_app = typer.Typer(help="The views of a target.", no_args_is_help=True)


@views_app.callback()
def _group() -> None:
    """A group of commands, though there is one."""


@views_app.command(
    "drop",
    epilog="Exit codes: 0 dropped, 3 not, because other views depend on them."
    " Example: counterfoil views drop --target production",
)
def views_drop(
    target: TargetOption = None,
) -> None:
    """Drop the views, before the application changes a table below them."""
    with one_line_errors():
        from counterfoil.common.settings import settings
        from counterfoil.postgres.lock import only_audit
        from counterfoil.postgres.server import announce
        from counterfoil.postgres.session import Session
        from counterfoil.views.build import drop_views

        announce(settings().demo_dir)
        session = Session.of(chosen(target), settings())
        with only_audit(session):
            dropped = drop_views(session)
        say(f"Dropped {dropped} views; the next audit builds them again")
