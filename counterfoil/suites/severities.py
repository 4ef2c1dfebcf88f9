"""How bad a finding is."""

from typing import Literal

Severity = Literal["critical", "warning", "info"]

WORST_FIRST: tuple[Severity, ...] = ("critical", "warning", "info")


def badness(severity: Severity) -> int:
    """0 for the worst; sorts what is worse before what is less so."""
    return WORST_FIRST.index(severity)
