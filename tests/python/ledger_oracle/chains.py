"""The running balance that entries have seen: where it breaks, and by how much."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Link:
    """What one entry has seen. `before` is None where that is null or not declared."""

    entry: Any
    before: Any
    after: Any
    amount: Any


@dataclass
class Chain:
    """The entries that do not fit, and what of the discrepancy their chain shows."""

    broken: list[Any] = field(default_factory=list)
    certain: Any = 0

    def accuse(self, entry: Any) -> None:
        if entry not in self.broken:
            self.broken.append(entry)


def in_order(links: list[Link], opening: Any, stored: Any, *, has_before: bool) -> Chain:
    """One entry after the other, from the opening to the stored balance.

    All that lies before what the last one left is explained; nothing if a balance is null.
    """
    chain, left = Chain(), opening
    for link in links:
        found = link.before if has_before else left
        is_step_wrong = found is not None and link.after != found + link.amount
        is_gap = has_before and left is not None and found != left
        if link.after is None or is_step_wrong or is_gap:
            chain.accuse(link.entry)
        left = link.after
    if links and stored is not None and left not in (None, stored):
        chain.accuse(links[-1].entry)
    if opening is not None and not has_nulls(links, has_before=has_before):
        chain.certain = left - opening - sum(link.amount for link in links)
    return chain


def without_order(links: list[Link], opening: Any, stored: Any) -> Chain:
    """Every balance that an entry found, and the stored one, another one has left.

    The links are by time and key. Of those that found the same the later ones are too many;
    and where nothing has left the stored balance, the latest that nothing found should have.
    Then nobody knows which of the gaps is before it.
    """
    chain = Chain()
    left = Counter([link.after for link in links] + [opening])
    found = Counter(link.before for link in links)
    uses: Counter[Any] = Counter()
    steps = 0
    for link in links:
        uses[link.before] += 1
        if None in (link.after, link.before):
            chain.accuse(link.entry)
            continue
        step = link.after - link.before - link.amount
        steps += step
        if step or (opening is not None and uses[link.before] > left[link.before]):
            chain.accuse(link.entry)
    is_stored_unmatched = stored is not None and left[stored] <= found[stored]
    if is_stored_unmatched and opening is not None:
        ends = [
            link
            for link in links
            if link.after is not None and found[link.after] < count_of(link.after, links)
        ]
        if ends:
            chain.accuse(ends[-1].entry)
    if None not in (opening, stored) and not has_nulls(links, has_before=True):
        chain.certain = steps
        if not is_stored_unmatched:
            chain.certain = stored - opening - sum(link.amount for link in links)
    return chain


def count_of(after: Any, links: list[Link]) -> int:
    return sum(link.after == after for link in links)


def has_nulls(links: list[Link], *, has_before: bool) -> bool:
    return any(link.after is None or (has_before and link.before is None) for link in links)
