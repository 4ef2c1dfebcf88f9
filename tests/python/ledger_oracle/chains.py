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
    """The entries that do not fit, and the balance that the last of all has left.

    `last` is None where it cannot be known.
    """

    broken: list[Any] = field(default_factory=list)
    last: Any = None


def in_order(links: list[Link], opening: Any, stored: Any, *, has_before: bool) -> Chain:
    """One entry after the other, from the opening to the stored balance."""
    chain, left = Chain(), opening
    for link in links:
        found = link.before if has_before else left
        is_step_wrong = found is not None and link.after != found + link.amount
        is_gap = has_before and left is not None and found != left
        if link.after is None or is_step_wrong or is_gap:
            chain.broken.append(link.entry)
        left = link.after
    is_end_wrong = stored is not None and left not in (None, stored)
    if links and is_end_wrong and links[-1].entry not in chain.broken:
        chain.broken.append(links[-1].entry)
    chain.last = None if has_nulls(links, has_before=has_before) else left
    return chain


def without_order(links: list[Link], opening: Any, stored: Any) -> Chain:
    """Every balance that an entry found, and the stored one, another one has left.

    The links are by time and key. Of those that found the same the later ones are too many;
    and where nothing has left the stored balance, the latest that nothing found should have.
    """
    chain = Chain(last=stored)
    left = Counter([link.after for link in links] + [opening])
    found = Counter(link.before for link in links)
    uses: Counter[Any] = Counter()
    for link in links:
        uses[link.before] += 1
        if (
            None in (link.after, link.before)
            or link.after - link.before != link.amount
            or uses[link.before] > left[link.before]
        ):
            chain.broken.append(link.entry)
    if stored is not None and left[stored] <= found[stored]:
        ends = [
            link
            for link in links
            if link.after is not None and found[link.after] < count_of(link.after, links)
        ]
        chain.last = ends[-1].after if ends else None
        if ends and ends[-1].entry not in chain.broken:
            chain.broken.append(ends[-1].entry)
    if has_nulls(links, has_before=True):
        chain.last = None
    return chain


def count_of(after: Any, links: list[Link]) -> int:
    return sum(link.after == after for link in links)


def has_nulls(links: list[Link], *, has_before: bool) -> bool:
    return any(link.after is None or (has_before and link.before is None) for link in links)
