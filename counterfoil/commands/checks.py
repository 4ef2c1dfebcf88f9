"""`counterfoil checks`: the catalogue."""

from counterfoil.common.terminal import one_line_errors, out
from counterfoil.common.text import one_line


def checks() -> None:
    """List the catalogue: every check, with its severity and title."""
    with one_line_errors():
        from rich.table import Table
        from rich.text import Text

        from counterfoil.common.settings import settings
        from counterfoil.suites.own_checks import OWN_CHECKS, OwnCheck
        from counterfoil.suites.suite import Check, load_suites

        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        table.add_column("check", no_wrap=True)
        table.add_column("severity")
        table.add_column("says")
        suites = load_suites(*settings().expectations_dirs)
        listed: list[Check | OwnCheck] = [check for suite in suites for check in suite.checks]
        for check in [*listed, *OWN_CHECKS]:
            table.add_row(check.check_id, check.severity, Text(one_line(check.title)))
        out.print(table)
