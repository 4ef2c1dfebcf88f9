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
    """The entries that do not fit, and what of the discrepancy that is."""

    broken: list[Any] = field(default_factory=list)
    certain: Any = 0


def in_order(links: list[Link], opening: Any, stored: Any, *, has_before: bool) -> Chain:
    """One entry after the other, from the opening to the stored balance."""
    chain, last = Chain(), opening
    for link in links:
        before = link.before if has_before else last
        gap = None if before is None or last is None else before - last
        step = None if before is None or link.after is None else link.after - before - link.amount
        if gap != 0 or step != 0:
            chain.broken.append(link.entry)
        chain.certain += (gap or 0) + (step or 0)
        last = link.after
    if links and last != stored and links[-1].entry not in chain.broken:
        chain.broken.append(links[-1].entry)
    if any(None in (link.after, link.before if has_before else 0) for link in links):
        chain.certain = 0
    return chain


def without_order(links: list[Link], opening: Any, stored: Any) -> Chain:
    """Every balance that was seen before an entry is the opening, or one left after another."""
    chain = Chain()
    seen = Counter([link.before for link in links] + [stored])
    left = Counter([link.after for link in links] + [opening])
    unmatched_before, unmatched_after = seen - left, left - seen
    for link in links:
        if link.after is None or link.before is None:
            chain.broken.append(link.entry)
        elif link.after - link.before != link.amount:
            chain.broken.append(link.entry)
            chain.certain += link.after - link.before - link.amount
        elif unmatched_before[link.before] or unmatched_after[link.after]:
            chain.broken.append(link.entry)
    return chain
