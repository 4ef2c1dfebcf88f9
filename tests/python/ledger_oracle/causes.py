"""Which of several anomalies a discrepancy is most likely made up of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, product
from typing import Any

# Of more anomalies, those of a cause stand or fall together.
MOST_ANOMALIES = 12


@dataclass(frozen=True)
class Anomaly:
    """What is wrong, and what it would put a balance off by, had that not followed it.

    `block` and `key` name the hold or the entry.
    """

    cause: str
    block: str
    key: str
    amount: Any


@dataclass(frozen=True)
class Likely:
    """What each cause is certain of, what no anomaly accounts for, and each one's role."""

    certain: dict[str, Any]
    unexplained: Any
    roles: dict[Anomaly, str]

    @property
    def certain_sum(self) -> Any:
        return sum(self.certain.values())


def most_likely(rest: Any, anomalies: Sequence[Anomaly]) -> Likely:
    """Tries every set of the anomalies, and keeps those that leave the least unexplained.

    Of these only the sets that hold no other one: what more they hold cancels out. A cause is
    certain of what every one of them gives it, and of nothing if they differ.
    """
    found = [anomaly for anomaly in anomalies if anomaly.amount]
    rests = {tried: rest - sum(one.amount for one in tried) for tried in _sets_of(found)}
    least = min(map(abs, rests.values()))
    nearest = [tried for tried, left in rests.items() if abs(left) == least]
    best = [tried for tried in nearest if not any(other < tried for other in nearest)]
    certain = {}
    for cause in {anomaly.cause for anomaly in found}:
        given = {sum(one.amount for one in tried if one.cause == cause) for tried in best}
        if len(given) == 1 and given != {0}:
            (certain[cause],) = given
    roles = {}
    for anomaly in found:
        held = [anomaly in tried for tried in best]
        roles[anomaly] = (
            "explains" if all(held) else "may explain" if any(held) else "does not explain"
        )
    return Likely(certain, min(rests[tried] for tried in best), roles)


def _sets_of(found: Sequence[Anomaly]) -> Iterator[frozenset[Anomaly]]:
    assert len(found) == len(set(found)), "two anomalies are the same"
    together = [[anomaly] for anomaly in found]
    if len(found) > MOST_ANOMALIES:
        causes = {anomaly.cause for anomaly in found}
        together = [[one for one in found if one.cause == cause] for cause in causes]
    for chosen in product((False, True), repeat=len(together)):
        yield frozenset(chain.from_iterable(compress(together, chosen)))
