"""What an audit's status means to whoever waits for it: an exit code, a state."""

from typing import TYPE_CHECKING, Literal

from counterfoil.common.errors import EXIT_ERROR

if TYPE_CHECKING:
    # Its models take a tenth of a second, and every command line imports this.
    from counterfoil.audit.findings import AuditStatus

FailOn = Literal["critical", "warning", "never"]

EXIT_PASSED = 0
EXIT_WARNING = 1
EXIT_CRITICAL = 2
# As a shell says it of what Ctrl-C ended.
EXIT_INTERRUPTED = 130


def exit_code(status: "AuditStatus", fail_on: FailOn) -> int:
    """0 passed, 1 warnings, 2 critical, 3 error; a status below `fail_on` is 0.

    An error is never let off: nobody knows what it hides.
    """
    if status == "error":
        return EXIT_ERROR
    if status == "critical" and fail_on != "never":
        return EXIT_CRITICAL
    if status == "warning" and fail_on == "warning":
        return EXIT_WARNING
    return EXIT_PASSED
