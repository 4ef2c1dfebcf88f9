"""`counterfoil checks`: the catalogue."""

from counterfoil.common.terminal import one_line_errors, out
from counterfoil.common.text import one_line


def checks() -> None:
    """List the catalogue: every check, with its severity and title."""
    with one_line_errors():
        from rich.table import Table
        from rich.text import Text

        from counterfoil.audit.self_checks import every_check_ran, isolation_check, waivers_in_use
        from counterfoil.common.settings import settings
        from counterfoil.suites.suite import load_suites

        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        table.add_column("check", no_wrap=True)
        table.add_column("severity")
        table.add_column("says")
        for suite in load_suites(settings().expectations_dir):
            for check in suite.checks:
                table.add_row(check.check_id, check.severity, Text(one_line(check.title)))
        for own in (isolation_check(), every_check_ran([], []), waivers_in_use([])):
            table.add_row(own.check_id, own.severity, Text(one_line(own.title)))
        out.print(table)
