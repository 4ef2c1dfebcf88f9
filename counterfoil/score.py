"""The health score: a line a category, as the first report had it (docs/score.md)."""

from collections.abc import Sequence

from counterfoil.findings import CheckResult, Priority, Score

# As the first report listed them; a category of a new suite comes after.
_ORDER = (
    "Tenant isolation",
    "Referential integrity",
    "Capacity ledger",
    "Data completeness",
    "Duplicate detection",
)
_PRIORITY: dict[str, Priority] = {"critical": "P0", "warning": "P1", "info": "P2"}


def score(results: Sequence[CheckResult]) -> list[Score]:
    """Each category's status and priority.

    A category fails if one of its checks does; its priority is that of the worst failed
    severity. An error, or a check that could not be judged, outweighs a pass only.
    """
    present = dict.fromkeys(result.category for result in results)
    ordered = [category for category in _ORDER if category in present]
    ordered += [category for category in present if category not in _ORDER]
    return [
        _line(category, [result for result in results if result.category == category])
        for category in ordered
    ]


def _line(category: str, results: Sequence[CheckResult]) -> Score:
    failed = [result.severity for result in results if result.status == "fail"]
    for severity, priority in _PRIORITY.items():
        if severity in failed:
            return Score(category=category, status="fail", priority=priority)
    statuses = {result.status for result in results}
    if "error" in statuses:
        return Score(category=category, status="error", priority="P0")
    if "unknown" in statuses:
        return Score(category=category, status="unknown", priority="P0")
    return Score(category=category, status="pass", priority="-")
