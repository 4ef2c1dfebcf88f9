"""Cases of a folder's own checks: a database is broken, audited, and as it was before."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from pydantic import BaseModel, ConfigDict, Field, field_validator

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.errors import SuiteError
from counterfoil.common.settings import Settings
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.pipeline.plan import Plan
from counterfoil.postgres.instant import open_transaction
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.words import words_of
from counterfoil.repair.copy import copied

# What a finding is known by: its check, and its key.
Known = tuple[str, frozenset[tuple[str, str | None]]]


class Case(BaseModel):
    """What is broken, and by check the keys of the findings that must follow, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    break_: str = Field(alias="break", min_length=1)
    expect: dict[str, list[dict[str, str | None]]]

    @field_validator("expect", mode="before")
    @classmethod
    def _keys_are_texts(cls, expect: object) -> object:
        """A key is shown as text: 1 in YAML is '1'."""
        if not isinstance(expect, dict):
            return expect
        return {
            check_id: [
                {name: None if value is None else str(value) for name, value in key.items()}
                if isinstance(key, dict)
                else key
                for key in (keys if isinstance(keys, list) else [keys])
            ]
            for check_id, keys in expect.items()
        }

    @property
    def expected(self) -> frozenset[Known]:
        """The findings that must follow."""
        return frozenset(
            (check_id, frozenset(key.items()))
            for check_id, keys in self.expect.items()
            for key in keys
        )


@dataclass(frozen=True)
class Tried:
    """A case, by `<file>.<name>`, and each thing that went otherwise than it says."""

    name: str
    wrong: tuple[str, ...]


def try_cases(
    plan: Plan, folder: Path, breaker: Target, settings: Settings, *, in_place: bool = False
) -> Iterator[Tried]:
    """Breaks a copy as each case says, audits it, and takes it back.

    Args:
        plan: what an audit of the database does; its views are built.
        folder: the cases, a file for each check.
        breaker: the database, through a role that may write.
        settings: the operator's.
        in_place: on the database itself, whose broken rows are locked meanwhile.

    Raises:
        SuiteError: there are no cases, or one is ill-formed.
        RepairError: the database cannot be copied.
        TargetError: it cannot be reached.
    """
    cases = _read(folder)
    with ExitStack() as stack:
        if not in_place:
            breaker = stack.enter_context(copied(breaker, settings))
        transaction = stack.enter_context(open_transaction(breaker, settings))
        before = _found(audit(plan.scope, transaction))
        for name, case in cases.items():
            with transaction.connection.cursor() as cursor:
                cursor.execute("savepoint intact")
                try:
                    cursor.execute(case.break_)
                    found = _found(audit(plan.scope, transaction)) - before
                    yield Tried(name, tuple(_differences(case.expected, found)))
                except psycopg2.Error as cause:
                    yield Tried(name, (f"it cannot be broken: {words_of(cause)}",))
                finally:
                    cursor.execute("rollback to savepoint intact")


def _read(folder: Path) -> dict[str, Case]:
    cases = {}
    for file in sorted(folder.glob("*.yml")):
        content = read_yaml(file, SuiteError)
        for name, case in (content if isinstance(content, dict) else {}).items():
            where = f"{file}, case {name}"
            cases[f"{file.stem}.{name}"] = parse_model(Case, case, where=where, error=SuiteError)
    if not cases:
        raise SuiteError(
            "there are no cases",
            where=str(folder),
            remedy="Write a file there for a check, as docs/engineer.md shows",
        )
    return cases


def _found(audited: Audit) -> frozenset[Known]:
    return frozenset(
        (check.check_id, frozenset(finding.key.items()))
        for check in audited.checks
        for finding in check.findings
    )


def _differences(expected: frozenset[Known], found: frozenset[Known]) -> Iterator[str]:
    for missing in sorted(map(_spoken, expected - found)):
        yield f"not found: {missing}"
    for stray in sorted(map(_spoken, found - expected)):
        yield f"found, and not expected: {stray}"


def _spoken(known: Known) -> str:
    check_id, key = known
    return f"{check_id} {', '.join(f'{name} {value}' for name, value in sorted(key))}"
