"""The health score: one line per category, as the first report had it (docs/score.md)."""

from collections.abc import Mapping, Sequence

from counterfoil.audit.findings import CheckResult, Priority, Score, ScoreStatus, TenantScore

_PRIORITY: dict[str, Priority] = {"critical": "P0", "warning": "P1", "info": "P2"}


def score(results: Sequence[CheckResult], places: Mapping[str, int]) -> list[Score]:
    """Each category's status and priority.

    A category fails if one of its checks does, unless that is information; its priority is that
    of the worst failed severity. An error, or a check that could not be judged, outweighs what
    is no failure; then comes information, and a waived check, which asks nothing of anybody,
    outweighs a pass only. One of which no check had anything to judge is not applicable.

    Args:
        results: what the checks came to.
        places: of categories, by the packs' reports; others come after them.
    """
    return [
        _line(category, [result for result in results if result.category == category])
        for category in _categories(results, places)
    ]


def tenant_score(results: Sequence[CheckResult], places: Mapping[str, int]) -> list[TenantScore]:
    """What fails by tenant, counted over all failing rows: one line per tenant and category.

    A row without a tenant shows in the overall score alone.
    """
    worst: dict[tuple[str, str], Priority] = {}
    for severity, priority in _PRIORITY.items():
        for result in results:
            if result.status == "fail" and result.severity == severity:
                for tenant_id in result.tenant_counts:
                    worst.setdefault((tenant_id, result.category), priority)
    order = _categories(results, places)
    return [
        TenantScore(
            tenant_id=tenant_id,
            category=category,
            status="info" if priority == _PRIORITY["info"] else "fail",
            priority=priority,
        )
        for (tenant_id, category), priority in sorted(
            worst.items(), key=lambda item: (item[0][0], order.index(item[0][1]))
        )
    ]


def _categories(results: Sequence[CheckResult], places: Mapping[str, int]) -> list[str]:
    present = dict.fromkeys(result.category for result in results)
    return sorted(present, key=lambda category: places.get(category, len(places) + 1))


def _line(category: str, results: Sequence[CheckResult]) -> Score:
    failed = {result.severity for result in results if result.status == "fail"}
    worst = next((severity for severity in _PRIORITY if severity in failed), None)
    if worst and worst != "info":
        return Score(category=category, status="fail", priority=_PRIORITY[worst])
    statuses = {result.status for result in results}
    if "error" in statuses:
        return Score(category=category, status="error", priority="P0")
    if "unknown" in statuses:
        return Score(category=category, status="unknown", priority="P0")
    if worst:
        return Score(category=category, status="info", priority=_PRIORITY["info"])
    others: tuple[ScoreStatus, ...] = ("waived", "pass", "not applicable")
    status = next(status for status in others if status in statuses)
    return Score(category=category, status=status, priority="-")
