"""Which signed amounts a stored number is the sum of: least squares, then exact sums."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from counterfoil.draft.ledgers.sample import Sample
from counterfoil.draft.ledgers.terms import Cell, Opening

# Of how many accounts with entries it must hold, and how many there must be.
LEAST_SHARE = Decimal("0.95")
LEAST_ACCOUNTS = 30
# Of those whose entries do not come to 0: they are fewer, and one that is wrong weighs more.
_LEAST_MOVED = 10
_LEAST_OF_MOVED = Decimal("0.85")
# What holds as well where the amounts are another account's is a coincidence.
_MOST_BY_CHANCE = 0.5
# Nothing is proven by what is nearly everywhere the same.
_LEAST_VALUES = 3

# A kind of entry that fewer have is as likely a mistake of theirs.
_LEAST_OF_A_KIND = 3
# More kinds of entries than these are not told apart by so few accounts.
MOST_CELLS = 48
# Each round lets the accounts that are far off count for less: those that are wrong.
_ROUNDS = 12
_NEAR = 0.02
_EXACT = 1e-9
_NEARLY = 1e-6
_PROMISING = 1e-3
_LEAST_NEAR = 0.85
_DEPENDENT = 1e-7


_Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Sums that may be a term: of a way, one of its amounts, told apart by some kinds.

    Attributes:
        way: the place of the way in the sample.
        amount: the place of the amount in its sums; 0 counts.
        kinds: the places of the kinds in its cells.
    """

    way: int
    amount: int
    kinds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Target:
    """A number that is to be explained.

    Attributes:
        stored: its column.
        opening: what it begins at; None for 0.
    """

    stored: str
    opening: Opening | None = None

    def wanted(self, sample: Sample) -> "Wanted":
        """Of each account what its entries have to come to; None if something is null."""
        found: list[Decimal | None] = []
        for numbers in sample.numbers:
            number, begun = numbers[self.stored], Decimal(0)
            if self.opening:
                opening = numbers[self.opening.column]
                number = None if opening is None else number
                begun = (opening or begun) * self.opening.factor
            found.append(None if number is None else number - begun)
        return Wanted(self, found, _floats(found))


@dataclass(frozen=True)
class Wanted:
    """Of each account what a target asks of its entries, exactly and about."""

    target: Target
    exact: Sequence[Decimal | None]
    about: _Matrix


@dataclass(frozen=True)
class Fit:
    """Sums that come to a stored number for nearly all of the sample.

    Attributes:
        target: the number.
        parts: those of the terms.
        factor: what all of them are multiplied by.
        signs: of each part, of each kind of entry whether it adds, takes or does not count.
        missed: the accounts of the sample that it does not hold for.
    """

    target: Target
    parts: tuple[Part, ...]
    factor: Decimal
    signs: tuple[Mapping[Cell, int], ...]
    missed: int


def promising(sample: Sample, stored: Sequence[str], parts: Sequence[Part]) -> set[str]:
    """The numbers that may be sums of these parts, or of some of them, or of coarser ones.

    What no weights of all kinds of entries and of the account's other numbers come near is not
    looked for among signs.
    """
    columns = {one: _floats([row[one] for row in sample.numbers]) for one in sample.numbers[0]}
    features = _features(sample, parts)
    found = set()
    for one in stored:
        others = [np.nan_to_num(of) for name, of in columns.items() if name != one]
        asked = np.column_stack([features, *others])
        asked = asked[:, asked.any(axis=0)]
        coefficients = _coefficients(asked, columns[one][None])[0]
        if _comes_near(asked, coefficients, columns[one], _PROMISING):
            found.add(one)
    return found


def fits(sample: Sample, asked: Sequence[Wanted], parts: tuple[Part, ...]) -> Iterator[Fit]:
    """The targets that the parts come to."""
    by_part = [sample.entries[part.way].by_kinds(part.kinds)[0] for part in parts]
    cells = [(place, cell) for place, of_part in enumerate(by_part) for cell in of_part]
    if not asked or not 0 < len(cells) <= MOST_CELLS:
        return
    features = _features(sample, parts)
    features[:, (features != 0).sum(axis=0) < _LEAST_OF_A_KIND] = 0
    kept = _independent(features)
    values = np.array([wanted.about for wanted in asked])
    found = _coefficients(features[:, np.array(kept, dtype=int)], values)
    for wanted, row in zip(asked, found, strict=True):
        snapped = _snapped(row)
        if snapped is None:
            continue
        factor, signs = snapped
        of_cell = dict.fromkeys(cells, 0) | {cells[k]: s for k, s in zip(kept, signs, strict=True)}
        coefficients = np.array([of_cell[cell] * float(factor) for cell in cells])
        # To reckon exactly takes longer.
        if not _comes_near(features, coefficients, wanted.about, _NEARLY):
            continue
        by_sign = [
            {cell: of_cell[place, cell] for cell in of_part}
            for place, of_part in enumerate(by_part)
        ]
        if all(any(signs.values()) for signs in by_sign):
            booked = _booked(sample, parts, by_sign)
            missed = _missed(
                wanted.exact, [None if one is None else one * factor for one in booked]
            )
            if missed is not None:
                yield Fit(wanted.target, parts, factor, tuple(by_sign), missed)


def _features(sample: Sample, parts: Sequence[Part]) -> _Matrix:
    accounts = len(sample.numbers)
    return np.hstack(
        [sample.entries[part.way].columns(part.amount, part.kinds, accounts) for part in parts]
    )


def _floats(numbers: Sequence[Decimal | None]) -> _Matrix:
    found = np.array([np.nan if one is None else float(one) for one in numbers])
    return np.where(np.isfinite(found), found, np.nan)


@np.errstate(all="ignore")
def _comes_near(
    features: _Matrix, coefficients: _Matrix, values: _Matrix, tolerance: float
) -> bool:
    """Whether most that have entries come near their values."""
    booked = features @ coefficients
    moved = (booked != 0) & ~np.isnan(values)
    is_near = np.abs(booked - values) <= tolerance * np.maximum(np.abs(booked), 1)
    return bool(moved.any() and is_near[moved].sum() >= moved.sum() * _LEAST_NEAR)


def _booked(
    sample: Sample, parts: Sequence[Part], signs: Sequence[Mapping[Cell, int]]
) -> list[Decimal | None]:
    """What the entries of each account come to; None if it has none that count."""
    found: list[Decimal | None] = [None] * len(sample.numbers)
    for part, of_cell in zip(parts, signs, strict=True):
        entries = sample.entries[part.way]
        cells, of_row = entries.by_kinds(part.kinds)
        for account, place, sums in zip(entries.accounts, of_row, entries.sums, strict=True):
            if sign := of_cell[cells[place]]:
                found[account] = (found[account] or Decimal(0)) + sign * sums[part.amount]
    return found


@np.errstate(all="ignore")
def _independent(features: _Matrix) -> list[int]:
    """The columns that those before them do not say already."""
    kept: list[int] = []
    scale = np.linalg.norm(features, axis=0)
    for place in map(int, np.flatnonzero(scale)):
        columns = np.array([*kept, place])
        rank = np.linalg.matrix_rank(features[:, columns] / scale[columns], tol=_DEPENDENT)
        if rank > len(kept):
            kept.append(place)
    return kept


@np.errstate(all="ignore")
def _coefficients(features: _Matrix, values: _Matrix) -> _Matrix:
    """Of each row of values its coefficients, by least absolute residuals.

    Least squares are solved again and again, each account weighed by how near it was: the few
    that are wrong lose their say. Shapes: (accounts, columns), (targets, accounts) and of the
    answer (targets, columns).
    """
    if not features.shape[1]:
        return np.zeros((len(values), 0))
    scale = np.abs(features).max(axis=0)
    scaled = features / scale
    is_known = ~np.isnan(values)
    values = np.where(is_known, values, 0.0)
    weights = is_known.astype(float)
    size = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1.0)
    ridge = 1e-12 * np.eye(features.shape[1])
    for _ in range(_ROUNDS):
        weighed = scaled[None] * weights[:, :, None]
        gram = scaled.T @ weighed
        gram += ridge * np.trace(gram, axis1=1, axis2=2)[:, None, None] + ridge
        right = (weighed * values[:, :, None]).sum(axis=1)
        found = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
        residuals = np.abs(values - found @ scaled.T)
        weights = is_known / np.maximum(residuals, size * _EXACT)
        weights /= weights.max(axis=1, keepdims=True) + 1e-300
    coefficients: _Matrix = found / scale
    return coefficients


def _snapped(coefficients: _Matrix) -> tuple[Decimal, list[int]] | None:
    """The common factor and the signs; None if the coefficients have no common size."""
    sizes = np.abs(coefficients)
    if not sizes.size or not np.isfinite(sizes).all() or sizes.max() < _EXACT:
        return None
    counting = sizes > sizes.max() * _NEAR
    size = float(np.median(sizes[counting]))
    if (np.abs(sizes[counting] - size) > size * _NEAR).any():
        return None
    signs = [
        int(sign) if counts else 0
        for sign, counts in zip(np.sign(coefficients), counting, strict=True)
    ]
    # A whole number of units, or a whole part of one.
    whole = Decimal(round(size)) if size >= 1 else 1 / Decimal(round(1 / size))
    is_near = abs(float(whole) - size) <= size * _NEAR
    return whole if is_near else Decimal(f"{size:.4g}"), signs


def _missed(of: Sequence[Decimal | None], booked: Sequence[Decimal | None]) -> int | None:
    """For how many that have entries it does not hold; None: for too many, or by chance."""
    asked = [(one, total) for one, total in zip(of, booked, strict=True) if total is not None]
    held = sum(one == total for one, total in asked)
    # Where entries come to 0, most things agree.
    moved = [(one, total) for one, total in asked if total]
    held_of_moved = sum(one == total for one, total in moved)
    numbers, sums = Counter(one for one, _ in moved), Counter(total for _, total in moved)
    # How many would agree, on average, if each had another's entries.
    by_chance = sum(count * numbers[total] for total, count in sums.items()) / max(len(moved), 1)
    is_proven = (
        held >= max(LEAST_ACCOUNTS, len(asked) * _LEAST_NEAR)
        and held_of_moved >= _LEAST_MOVED
        and held_of_moved >= len(moved) * _LEAST_OF_MOVED
        and by_chance <= held_of_moved * _MOST_BY_CHANCE
        and len(sums) >= _LEAST_VALUES
    )
    return len(asked) - held if is_proven else None


def is_enough(held: int, of: int) -> bool:
    """Whether what holds for some of so many accounts is no accident."""
    return of >= LEAST_ACCOUNTS and held >= of * LEAST_SHARE
