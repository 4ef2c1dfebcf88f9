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


def designs(
    sample: Sample, amounts: Sequence[int]
) -> Iterator[tuple[list[Part], list[tuple[Part, ...]]]]:
    """What may be added up, and all of which that is a part: of one way an amount told apart by
    up to three columns, or two amounts of a row, by up to two; of several ways an amount each, or
    all counted, and then told apart by up to two.
    """
    ways = range(len(amounts))
    if len(amounts) > 1:
        whole = [Part(way, amount) for way in ways for amount in range(amounts[way])]
        sums = product(*(range(1, of) for of in amounts))
        chosen = [(0,) * len(amounts), *islice(sums, _MOST_CHOSEN)]
        yield whole, [tuple(map(Part, ways, one)) for one in chosen]
        kinds_of_way = [
            range(
                min(
                    one.kinds_within(MOST_CELLS // len(amounts)),
                    _MOST_TOLD_TOGETHER // len(amounts),
                )
            )
            for one in sample.entries
        ]
        told = [
            [by for count in range(len(of) + 1) for by in combinations(of, count)]
            for of in kinds_of_way
        ]
        for one in sorted(chosen, key=sum)[:_MOST_CHOSEN_TOLD] if any(kinds_of_way) else ():
            finest = tuple(map(Part, ways, one, map(tuple, kinds_of_way)))
            yield list(finest), [tuple(map(Part, ways, one, by)) for by in product(*told)][1:]
        return
    kinds = sample.entries[0].kinds_within(MOST_CELLS)
    tried: list[tuple[Part, ...]]
    for amount in range(amounts[0]):
        tried = [
            (Part(0, amount, by),)
            for count in range(_MOST_TOLD_APART + 1)
            for by in combinations(range(kinds), count)
        ]
        yield [Part(0, amount, tuple(range(kinds)))], tried
    tried = [(Part(0, one), Part(0, two)) for one, two in combinations(range(1, amounts[0]), 2)]
    if tried:
        yield [Part(0, amount) for amount in range(1, amounts[0])], tried
    by = tuple(range(min(kinds, _MOST_TOLD_TOGETHER // 2)))
    pairs = sorted(combinations(range(1, amounts[0]), 2), key=sum) if by else []
    for first, second in pairs[:_MOST_CHOSEN_TOLD]:
        tried = [
            (Part(0, first, of), Part(0, second, of))
            for count in range(1, len(by) + 1)
            for of in combinations(by, count)
        ]
        yield [Part(0, first, by), Part(0, second, by)], tried
