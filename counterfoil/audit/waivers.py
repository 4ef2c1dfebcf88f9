"""Waivers: findings that somebody accepted, with a reason and until a date.

They are read from `seeds/waivers.csv`, and subtracted in one place only: where the rows of
a failed check are counted (evidence.py). No view, suite or threshold knows of them.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from counterfoil.common.errors import WaiverError
from counterfoil.common.files import read_text, write_whole
from counterfoil.common.yamlfile import parse_model
from counterfoil.suites.own_checks import OWN_CHECKS
from counterfoil.suites.renamed_checks import renamed_checks
from counterfoil.suites.suite import Suite

COLUMNS = ("database", "check_id", "key", "owner", "reason", "expires_on", "bound")

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Waiver(BaseModel):
    """One line of the file.

    Attributes:
        line: where it stands, for whoever has to correct it.
        database: the contract's name for the database.
        check_id: the check, or with a `*` at its end all whose ids begin so.
        key: the finding's, as audit.json has it.
        owner: who answers for it.
        reason: why it was accepted.
        expires_on: the last day (UTC, by the audit's own clock) on which it holds.
        bound: the size up to which it holds, with its sign; None for any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: int
    database: Text
    check_id: Text
    key: dict[str, str | None] = Field(min_length=1)
    owner: Text
    reason: Text
    expires_on: date
    bound: Annotated[Decimal, Field(allow_inf_nan=False)] | None = None

    @field_validator("key", mode="before")
    @classmethod
    def _is_json(cls, key: Any) -> Any:
        try:
            return json.loads(key)
        except (ValueError, RecursionError):
            raise ValueError('give the key as audit.json has it: {"table_name": "x"}') from None

    @field_validator("key")
    @classmethod
    def _is_text_of_postgres(cls, key: dict[str, str | None]) -> dict[str, str | None]:
        for value in key.values():
            try:
                plausible = "\0" not in (value or "").encode().decode()
            except UnicodeEncodeError:
                plausible = False
            if not plausible:
                raise ValueError("holds a character that no text of Postgres can")
        return key

    @field_validator("expires_on", mode="before")
    @classmethod
    def _is_a_day(cls, day: Any) -> Any:
        """A day as 2026-03-31 has it; pydantic would take a count of seconds for one."""
        if not str(day).strip()[:1].isdigit() or str(day).count("-") != 2:
            raise ValueError("give a day as 2026-03-31")
        return day

    @field_validator("bound", mode="before")
    @classmethod
    def _may_be_left_out(cls, bound: Any) -> Any:
        return str(bound).strip() or None if bound is not None else None

    def concerns(self, check_id: str) -> bool:
        """Whether it speaks of that check."""
        return _concerns(self.check_id, check_id)

    def admits(self, size: float | None) -> bool:
        """Whether it holds for a finding of that size."""
        if self.bound is None:
            return True
        least, most = sorted((Decimal(0), self.bound))
        return size is not None and least <= size <= most

    def has_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires_on < today


@dataclass(frozen=True)
class Waivers:
    """The waivers of one database on one day.

    Attributes:
        in_force: those that hold, by position; evidence.py names them by it.
        expired: those that no longer do.
    """

    in_force: tuple[Waiver, ...] = ()
    expired: tuple[Waiver, ...] = ()

    def of(self, check_id: str) -> Mapping[int, Waiver]:
        """Those in force for a check, by position."""
        found: dict[int, Waiver] = {}
        for concerned, waivers in self._by_check_id.items():
            if _concerns(concerned, check_id):
                found |= waivers
        return found

    @cached_property
    def _by_check_id(self) -> Mapping[str, Mapping[int, Waiver]]:
        """Those in force by what they say of checks: there may be thousands of one."""
        groups: dict[str, dict[int, Waiver]] = {}
        for position, waiver in enumerate(self.in_force):
            groups.setdefault(waiver.check_id, {})[position] = waiver
        return groups


def _concerns(concerned: str, check_id: str) -> bool:
    """Whether a waiver of `concerned` speaks of a check."""
    if concerned.endswith("*"):
        return check_id.startswith(concerned[:-1])
    return check_id == concerned


def load_waivers(file: Path, suites: Iterable[Suite]) -> tuple[Waiver, ...]:
    """Every waiver of the file, of whatever database.

    Args:
        file: CSV in UTF-8, with a line of headings.
        suites: every suite there is, whether or not it applies to a contract.

    Raises:
        WaiverError: the file cannot be read, or a line is no waiver; names the line.
    """
    return _parse(_text(file), file, waivable(suites))


def waivable(suites: Iterable[Suite]) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Of each check that can be waived, the key of its findings, and whether they have a size."""
    known = {own.check_id: (own.key, own.unit is not None) for own in OWN_CHECKS if own.key}
    for suite in suites:
        for check in suite.checks:
            known[check.check_id] = suite.evidence_of(check).key, check.size is not None
    return known


def add_waivers(file: Path, lines: Iterable[Sequence[str]], suites: Iterable[Suite]) -> None:
    """Writes further lines at the end of the file, or a new one, all of them or none.

    Args:
        file: as `load_waivers` reads it.
        lines: the values of each, in the order of `COLUMNS`.
        suites: every suite there is.

    Raises:
        WaiverError: the file could not be read with them, or a finding had two lines.
    """
    text = _text(file) if file.exists() else ",".join(COLUMNS)
    added = StringIO(newline="")
    csv.writer(added, lineterminator="\n").writerows(lines)
    text += ("" if text.endswith("\n") else "\n") + added.getvalue()
    known = waivable(suites)
    waivers = _parse(text, file, known)
    for database in sorted({waiver.database for waiver in waivers}):
        waivers_on(waivers, database, date.min, known)
    write_whole(file, text)


def _parse(
    text: str, file: Path, known: Mapping[str, tuple[tuple[str, ...], bool]]
) -> tuple[Waiver, ...]:
    waivers = []
    concerned: dict[str, list[str]] = {}
    for line, row in _read(text, file):
        where = f"{file}, line {line}"
        waiver = parse_model(Waiver, {"line": line, **row}, where=where, error=WaiverError)
        if waiver.check_id not in concerned:
            concerned[waiver.check_id] = [*filter(waiver.concerns, known)]
        waived = concerned[waiver.check_id]
        if not waived:
            raise WaiverError(
                f"unknown check '{waiver.check_id}'", where=where, remedy=_instead_of(waiver)
            )
        if not any({*known[name][0]} == waiver.key.keys() for name in waived):
            raise WaiverError(
                f"no finding of {waiver.check_id} has the key {', '.join(sorted(waiver.key))}",
                where=where,
                remedy=f"Name {', '.join(known[waived[0]][0])}, as audit.json does",
            )
        if waiver.bound is not None and not any(known[name][1] for name in waived):
            raise WaiverError(
                f"a finding of {waiver.check_id} has no size to be held to a bound",
                where=where,
                remedy="Leave bound empty",
            )
        waivers.append(waiver)
    return tuple(waivers)


def _instead_of(waiver: Waiver) -> str:
    """What to write in place of a check that is none."""
    old = [name for name in renamed_checks() if waiver.concerns(name)]
    if not old:
        return "See `counterfoil checks`; the audit's own cannot be waived"
    now = renamed_checks()[old[0]]
    return f"It is {now.check_id} now, with the key {json.dumps(now.key(waiver.key))}"


def waivers_on(
    waivers: Sequence[Waiver], database: str, today: date, check_ids: Iterable[str]
) -> Waivers:
    """What a file's waivers come to for one database on one day.

    Args:
        waivers: of whatever database.
        database: the contract's name for it.
        today: the day (UTC) of the audit's instant.
        check_ids: the checks that apply.

    Raises:
        WaiverError: two that hold are of one finding, so nobody could say which.
    """
    own = [waiver for waiver in waivers if waiver.database == database]
    held = Waivers(
        tuple(waiver for waiver in own if not waiver.has_expired(today)),
        tuple(waiver for waiver in own if waiver.has_expired(today)),
    )
    for check_id in check_ids:
        lines: dict[str, int] = {}
        for waiver in held.of(check_id).values():
            first = lines.setdefault(json.dumps(waiver.key, sort_keys=True), waiver.line)
            if first != waiver.line:
                raise WaiverError(
                    f"lines {first} and {waiver.line} waive the same finding of {check_id}",
                    where="waivers",
                    remedy="Keep one of the two",
                )
    return held


def _text(file: Path) -> str:
    return read_text(file, WaiverError, if_missing=f"Create it, with the line {','.join(COLUMNS)}")


def _read(text: str, file: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        reader = csv.reader(StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as cause:
        raise WaiverError(f"not CSV: {cause}", where=str(file), remedy="Save it as CSV") from None
    headings = tuple(rows[0][1]) if rows else ()
    if headings != COLUMNS:
        raise WaiverError(
            f"its first line is not {','.join(COLUMNS)}", where=str(file), remedy="Write that line"
        )
    for line, row in rows[1:]:
        if len(row) != len(COLUMNS):
            raise WaiverError(
                f"{len(row)} values for {len(COLUMNS)} columns",
                where=f"{file}, line {line}",
                remedy='A key holds quotes: write it as "{""table_name"": ""x""}"',
            )
    return [(line, dict(zip(COLUMNS, row, strict=True))) for line, row in rows[1:]]
