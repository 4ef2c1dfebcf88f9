"""What may be added up, the simplest first: ways, amounts, and what tells entries apart."""

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

from counterfoil.draft.ledgers.fit import MOST_CELLS, Part
from counterfoil.draft.ledgers.sample import Sample
from counterfoil.draft.ledgers.ways import Way

# Ways that are tried together, and groups of them that are none of one table.
_MOST_TOGETHER = 4
_MOST_GROUPS = 20

# Columns that tell entries apart together, and amounts of several ways that are tried.
_MOST_TOLD_APART = 3
_MOST_CHOSEN = 200
# The same where several ways are told apart as well: the likeliest of all of them together.
_MOST_TOLD_TOGETHER = 4
_MOST_CHOSEN_TOLD = 6


def together(ways: Sequence[Way]) -> Iterator[list[Way]]:
    """Ways that may each be a part of one number: those of one table, and all there are."""
    by_entries: dict[str, list[Way]] = {}
    for way in ways:
        by_entries.setdefault(way.entries, []).append(way)
    of_all = [[*ways]] if len(by_entries) > 1 else []
    for group in (*by_entries.values(), *of_all):
        if 1 < len(group) <= _MOST_TOGETHER and len({way.key for way in group}) == 1:
            yield group


def some(ways: Sequence[Way]) -> Iterator[list[Way]]:
    """Other ways that may be parts of one number, the fewest first."""
    of_some = (of for count in range(2, _MOST_TOGETHER + 1) for of in combinations(ways, count))
    alike = [*together(ways)]
    groups = ([*of] for of in of_some if len({way.key for way in of}) == 1)
    yield from islice((of for of in groups if of not in alike), _MOST_GROUPS)


# What is tried, and all of which that is a part.
Designs = Iterator[tuple[list[Part], list[tuple[Part, ...]]]]


def designs(sample: Sample, amounts: Sequence[int]) -> Designs:
    """What may be added up, and all of which that is a part, the simplest first.

    Args:
        sample: of one way, or of several.
        amounts: how many each way has, of which the first counts.
    """
    return _of_several(sample, amounts) if amounts[1:] else _of_one(sample, amounts[0])


def _of_one(sample: Sample, amounts: int) -> Designs:
    """An amount told apart by up to three columns, or two of a row, by up to two."""
    kinds = sample.entries[0].kinds_within(MOST_CELLS)
    for amount in range(amounts):
        whole = Part(0, amount, tuple(range(kinds)))
        yield [whole], [(Part(0, amount, by),) for by in _some_of(kinds, _MOST_TOLD_APART)]
    pairs = sorted(combinations(range(1, amounts), 2), key=sum)
    tried: list[tuple[Part, ...]]
    if pairs:
        tried = [(Part(0, one), Part(0, two)) for one, two in pairs]
        yield [Part(0, amount) for amount in range(1, amounts)], tried
    told = min(kinds, _MOST_TOLD_TOGETHER // 2)
    for one, two in pairs[:_MOST_CHOSEN_TOLD] if told else ():
        tried = [(Part(0, one, by), Part(0, two, by)) for by in _some_of(told, told)[1:]]
        yield [Part(0, of, tuple(range(told))) for of in (one, two)], tried


def _of_several(sample: Sample, amounts: Sequence[int]) -> Designs:
    """An amount of each, or all counted, and then told apart by up to two columns."""
    ways = range(len(amounts))
    sums = product(*(range(1, of) for of in amounts))
    chosen = [(0,) * len(amounts), *islice(sums, _MOST_CHOSEN)]
    whole = [Part(way, amount) for way in ways for amount in range(amounts[way])]
    yield whole, [tuple(map(Part, ways, one)) for one in chosen]
    most = _MOST_TOLD_TOGETHER // len(amounts)
    told = [
        min(entries.kinds_within(MOST_CELLS // len(amounts)), most) for entries in sample.entries
    ]
    for one in sorted(chosen, key=sum)[:_MOST_CHOSEN_TOLD] if any(told) else ():
        by_way = product(*(_some_of(count, count) for count in told))
        tried = [tuple(map(Part, ways, one, by)) for by in by_way][1:]
        yield [*map(Part, ways, one, (tuple(range(count)) for count in told))], tried


def _some_of(kinds: int, most: int) -> list[tuple[int, ...]]:
    """The places of none of the kinds, of each, and of several together."""
    return [by for count in range(most + 1) for by in combinations(range(kinds), count)]
