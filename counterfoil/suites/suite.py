"""The suites of expectations/: what must be true of each view, read strictly.

Great Expectations drops an expectation it does not know, and an empty suite passes. So a
suite that would not assert exactly what it says is refused here, before the snapshot.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictBool,
    StringConstraints,
    model_validator,
)

from counterfoil.common.errors import ContractError, SuiteError
from counterfoil.common.sqltext import identifier, literal
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.contract.contract import Contract
from counterfoil.contract.ledger_tables import tables_of
from counterfoil.contract.packs import Pack
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.suites.names import named, rows_of
from counterfoil.suites.own_checks import OWN_CHECKS
from counterfoil.suites.severities import Severity

# What a report shows of a pack, among its suites (pack_report.py).
REPORT = "report.yml"

Text = Annotated[str, StringConstraints(min_length=1)]
Condition = Annotated[str, StringConstraints(pattern=r"[A-Za-z]")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]


# In a format: a number of thousands of characters, which Python would write.
_WIDE = re.compile(r"\d{4}")


def _fillable(sentence: str) -> str:
    for _, name, specification, conversion in Formatter().parse(sentence):
        if name is None:
            continue
        if not name.isidentifier() or conversion:
            raise ValueError("between braces goes a column, and after a colon its format")
        if _WIDE.search(specification or ""):
            raise ValueError(f"{{{name}:{specification}}}: wider than any message")
        if specification and "|" in specification:
            if specification.count("|") > 2:
                raise ValueError(f"{{{name}:{specification}}}: words for one, for many and for 0")
            continue
        for number in (0, 0.5):
            try:
                format(number, specification or "")
            except ValueError as cause:
                raise ValueError(f"{{{name}:{specification}}}: {cause}") from None
    return sentence


# A sentence with columns between braces.
Told = Annotated[Text, AfterValidator(_fillable)]


def _columns_of(sentences: Iterable[str | None]) -> frozenset[str]:
    """The columns that sentences name."""
    told = "".join(filter(None, sentences))
    return frozenset(name for _, name, _, _ in Formatter().parse(told) if name)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_WEAKENING = frozenset({"mostly", "row_condition", "condition_parser"})

# What Great Expectations takes beside a rule's own arguments, and would obey or ignore.
_NOT_OF_THE_RULE = frozenset(
    {"id", "meta", "notes", "result_format", "description", "catch_exceptions"}
    | {"rendered_content", "severity", "windows", "batch_id"}
)


def _is_unsafe(item: Any) -> bool:
    return item is None or isinstance(item, dict | list)


def _is_declarable(key: str) -> str:
    if not Contract.can_declare(key):
        raise ValueError(f"'{key}' is no key of a contract")
    return key


ContractKey = Annotated[Text, AfterValidator(_is_declarable)]


class Expectation(_Entry):
    """A column expectation of Great Expectations, by its type's name and its arguments."""

    type: Text
    kwargs: dict[str, Any]

    @model_validator(mode="after")
    def _asserts_every_row_of_a_column(self) -> Self:
        if not isinstance(self.kwargs.get("column"), str):
            raise ValueError("kwargs.column is missing: a check asserts over one column")
        for key, value in self.kwargs.items():
            if key in _WEAKENING:
                raise ValueError(f"kwargs.{key} would let rows off: put it in the view")
            if key in _NOT_OF_THE_RULE:
                raise ValueError(f"kwargs.{key} is no part of a rule: take it out")
            if isinstance(value, dict):
                raise ValueError(f"kwargs.{key}: give a plain value, or a list of them")
            if isinstance(value, list) and (not value or any(_is_unsafe(item) for item in value)):
                # `x not in (0, null)` is never true in SQL: a null lets every row pass.
                raise ValueError(f"kwargs.{key}: list plain values, at least one, none null")
        return self

    @property
    def column(self) -> str:
        """The column asserted over."""
        return str(self.kwargs["column"])


class Evidence(_Entry):
    """The view whose rows are a check's findings; with `where`, those of which it is true.

    `where` is a condition in SQL over the view's columns, which Postgres gets as it stands.
    `key` names a finding; findings that agree on `subject` are about one thing, and are
    reported together. Where a finding is about one of several rows, `subjects` has for each the
    columns with its table and its key: the one that most findings share is meant; a sentence
    after them tells several findings of it, after their number. `severity` is a column with the
    severity of each, where they differ: then the worst come first. `told` are columns that cost
    so much that they are read of those rows alone that are listed.
    """

    relation: Identifier
    where: Condition | None = None
    key: tuple[Identifier, ...] = Field(min_length=1)
    subject: Identifier | None = None
    subjects: tuple[tuple[Identifier, Identifier] | tuple[Identifier, Identifier, Told], ...] = ()
    tenant: Identifier | None = None
    severity: Identifier | None = None
    observed: tuple[Identifier, ...] = ()
    told: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _is_about_it_in_one_way(self) -> Self:
        if self.subject and self.subjects:
            raise ValueError("give either subject or subjects")
        return self

    @property
    def abouts(self) -> tuple[str, ...]:
        """What a row may be about, as SQL for one text each; at least one, which may be null."""
        if self.subject:
            return (f"{literal(f'{self.subject} ')} || {identifier(self.subject)}::text",)
        return tuple(
            f"{identifier(table)}::text || ' ' || {identifier(row)}::text"
            for table, row, *_ in self.subjects
        ) or ("null",)

    @property
    def together(self) -> tuple[str | None, ...]:
        """In step with `abouts`, what is said of several rows that are about one of these."""
        return tuple(told[0] if told else None for _, _, *told in self.subjects)

    @property
    def source(self) -> str:
        """The view and its condition, as they stand after `from`."""
        return f"{self.relation} where {self.where}" if self.where else self.relation

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that describes a finding, each once, key first."""
        optional = [column for column in (self.subject, self.tenant, self.severity) if column]
        optional += [column for table, row, *_ in self.subjects for column in (table, row)]
        return tuple(dict.fromkeys([*self.key, *optional, *self.observed, *self.told]))


class Size(_Entry):
    """How large a finding is: a column of its evidence, and what that counts.

    It is the fault's own, negative where there is less than there should be; of a row that is
    in order it is 0 or null.
    """

    column: Identifier
    unit: Text


class Repair(_Entry):
    """What plans the repair of a finding: `counterfoil repair plan`, with columns of its evidence
    for options of their names. Without the contract's key `declared_by` nothing does.
    """

    declared_by: ContractKey
    options: tuple[Identifier, ...] = Field(min_length=1)


class Check(_Entry):
    """One rule, under its stable id, with what a person needs to act on it.

    `size` orders its findings, largest first; waivers' bounds, and whether one got worse, go by
    it. Not every fault has one.
    `sources` are tables that it needs rows of beyond those that its suite needs.
    `unknown` is a column of a summary that counts what cannot be judged, or says why a row of
    it could not be: while one does, a check that finds nothing is unknown, not passed.
    `judged` is a column of a summary that counts what it looks at, where that is not all that
    its suite does: of none of them it is not applicable.
    `declared_by` is the contract's key without which it does not apply.
    `headline` is what its message begins with, before a colon: what is wrong, where the message
    goes on with the cause.
    """

    check_id: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$")]
    title: Text
    why: Text
    remedy: Text
    owner: Text
    severity: Severity
    category: Text
    size: Size | None = None
    expectation: Expectation
    headline: Told | None = None
    message: Told
    repair: Repair | None = None
    sources: tuple[Text, ...] = ()
    unknown: Identifier | None = None
    judged: Identifier | None = None
    declared_by: ContractKey | None = None
    evidence: Evidence | None = None

    def counting(self, unit: str) -> "Check":
        """The check, whose sizes, if it has any, count that."""
        size = self.size and self.size.model_copy(update={"unit": unit})
        return self.model_copy(update={"size": size})

    @property
    def words(self) -> frozenset[str]:
        """The columns that the headline, the message and the repair name."""
        named = _columns_of((self.headline, self.message))
        return named.union(self.repair.options if self.repair else ())


class Suite(_Entry):
    """The checks over one view.

    A view whose rows are themselves what is reconciled names its key under `evidence`
    with its own `relation`. A summary (one row per rule, relationship or table) leaves that
    to its checks, each naming the view that lists its rows.

    Attributes:
        relation: the view.
        pack: the pack of the contract without which the suite does not apply.
        declared_by: the contract's list that the view unfolds; without it the suite does
            not apply.
        sources: tables of the contract without whose rows nothing here can be judged.
        source_columns: columns that name the table(s) a row is about, of a summary and of
            the views that list its rows.
        rows_checked: a summary's column whose sum is the number of rows checked.
        may_be_empty: a view without rows is nothing wrong: there are no such objects.
        is_live: it compares files with the database that they are applied to, and does not
            apply to a folder of files alone.
        each: the contract's list, each of whose rules has results of its own, with its own
            words; the column `rule` of every view of the suite has its name.
        singly: a view like the suite's own that has one pass for each rule, to read where the
            view, which has one for several, cannot be.
        file: where it was read from.
    """

    relation: Identifier
    pack: Pack
    each: Literal["rules", "workflow"] | None = None
    singly: Identifier | None = None
    declared_by: ContractKey | None = None
    sources: tuple[Text, ...] = ()
    source_columns: tuple[Identifier, ...] = ()
    rows_checked: Identifier | None = None
    may_be_empty: StrictBool = False
    is_live: StrictBool = False
    evidence: Evidence | None = None
    checks: tuple[Check, ...] = Field(min_length=1)
    file: str
    _ledger: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _every_check_has_evidence(self) -> Self:
        for check in self.checks:
            if (check.evidence is None) == (self.evidence is None):
                raise ValueError(
                    f"{check.check_id}: name its evidence either in the suite or in the check"
                )
        if self.is_summary != (self.rows_checked is not None):
            raise ValueError("rows_checked is for a summary, and a summary needs it")
        if not self.is_summary and any(check.unknown or check.judged for check in self.checks):
            raise ValueError("unknown and judged are for a summary, which alone counts")
        if self.each and not self.is_summary:
            raise ValueError("each is for a summary")
        if self.evidence and self.evidence.relation != self.relation:
            raise ValueError("a suite's evidence is its own relation; a check's may be another")
        if self.evidence and self.evidence.where:
            raise ValueError("evidence.where would let rows off: what fails is the evidence here")
        for check in self.checks:
            named = check.words | _columns_of(self.evidence_of(check).together)
            strangers = named - set(self.columns_of(check))
            if strangers:
                raise ValueError(
                    f"{check.check_id}: '{min(strangers)}' is no column of its evidence"
                )
        return self

    @property
    def ledger(self) -> str | None:
        """The ledger, or the rule, whose rows alone it is about; None if it is about all rows."""
        return self._ledger

    @property
    def told_by(self) -> str:
        """The column that has the name of it."""
        return "rule" if self.each else "ledger"

    @property
    def condition(self) -> str:
        """SQL for the rows that it is about."""
        return rows_of(self._ledger, self.told_by)

    def rows_of(self, relation: str) -> str:
        """A view, or a query of those rows of it that the suite is about."""
        return (
            relation
            if self._ledger is None
            else f"(select * from {relation} where {self.condition})"  # noqa: S608
        )

    @property
    def name(self) -> str:
        """What it is called: by its view, and its ledger."""
        return named(self.relation, self._ledger)

    @property
    def is_summary(self) -> bool:
        """Whether the view counts rows that another view lists."""
        return self.evidence is None

    def evidence_of(self, check: Check) -> Evidence:
        """Where the findings of one of its checks are listed."""
        evidence = check.evidence or self.evidence
        assert evidence is not None
        return evidence

    def failing_rows(self, check: Check) -> str:
        """A query of the rows that fail a check, as a person would ask for them."""
        evidence = self.evidence_of(check)
        conditions = [] if self._ledger is None else [self.condition]
        conditions += [evidence.where] if evidence.where else []
        values = check.expectation.kwargs.get("value_set")
        if check.evidence is None and values is not None:
            column = identifier(check.expectation.column)
            if isinstance(values[0], bool) and len(values) == 1:
                conditions.append(f"{column} is not {str(values[0]).lower()}")
            else:
                conditions.append(f"({column} in ({', '.join(map(literal, values))})) is not true")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return f"select * from {PUBLIC_SCHEMA}.{evidence.relation}{where}"  # noqa: S608

    def columns_of(self, *checks: Check) -> tuple[str, ...]:
        """Every column that leaves the database of checks over one evidence, each once."""
        sizes = [check.size.column for check in checks if check.size]
        return tuple(dict.fromkeys([*self.evidence_of(checks[0]).columns, *sizes]))

    def columns_read(self, *checks: Check) -> tuple[str, ...]:
        """Those of them that are read of every failing row."""
        told = self.evidence_of(checks[0]).told
        return tuple(column for column in self.columns_of(*checks) if column not in told)

    def applies_to(self, contract: Contract) -> bool:
        """Whether the contract asks for it."""
        return self.pack in contract.packs and (
            self.declared_by is None or contract.declares(self.declared_by)
        )

    def narrowed_to(self, contract: Contract) -> Iterator["Suite"]:
        """The suite with those of its checks that the contract asks for, and its words for why:
        none if those are none, and of ledgers, and of rules of one's own, one for each.
        """
        if self.each:
            for rule in getattr(contract, self.each):
                for suite in self._asked_by(contract):
                    checks = tuple(
                        check.model_copy(update=dict(rule.words)) for check in suite.checks
                    )
                    of_rule = suite.model_copy(update={"checks": checks})
                    of_rule._ledger = rule.name
                    yield of_rule
            return
        if self.pack != "ledger":
            yield from self._asked_by(contract)
            return
        for name, ledger in contract.ledgers.items():
            for suite in self._asked_by(contract.of_ledger(name)):
                checks = tuple(check.counting(ledger.words.unit) for check in suite.checks)
                accounts = contract.tables.get(ledger.accounts.table)
                is_lawful = accounts and (ledger.accounts.where or not accounts.in_use)
                of_one = suite.model_copy(
                    update={
                        "checks": checks,
                        "sources": tables_of(contract, name),
                        "may_be_empty": suite.may_be_empty or bool(is_lawful),
                    }
                )
                of_one._ledger = name
                yield of_one

    def _asked_by(self, contract: Contract) -> Iterator["Suite"]:
        checks = tuple(
            check.model_copy(
                update={
                    "why": contract.why.get(check.check_id, check.why),
                    "repair": check.repair
                    if check.repair and contract.declares(check.repair.declared_by)
                    else None,
                }
            )
            for check in self.checks
            if check.declared_by is None or contract.declares(check.declared_by)
        )
        if checks and self.applies_to(contract):
            yield self.model_copy(update={"checks": checks})

    @property
    def columns_used(self) -> Iterable[tuple[str, str, str]]:
        """Each (relation, column, key in the file) that must exist in the database."""
        for column in self.source_columns:
            yield self.relation, column, "source_columns"
        if self.rows_checked:
            yield self.relation, self.rows_checked, "rows_checked"
        for check in self.checks:
            yield self.relation, check.expectation.column, f"{check.check_id} kwargs.column"
            if check.unknown:
                yield self.relation, check.unknown, f"{check.check_id} unknown"
            if check.judged:
                yield self.relation, check.judged, f"{check.check_id} judged"
            evidence = self.evidence_of(check)
            for column in (*self.columns_of(check), *self.source_columns):
                yield evidence.relation, column, f"{check.check_id} evidence"


def load_suites(ours: Path, *own: Path) -> tuple[Suite, ...]:
    """Every suite of the folders, in the order of its files' names, ours first.

    Args:
        ours: the folder of Counterfoil's own.
        own: the user's, whose packs and checks have names of their own.

    Raises:
        SuiteError: a file is not YAML or not a suite, there is none, a check_id or a relation
            is there twice, or one of the user's takes a name of ours; names file and key.
    """
    if not (suites := tuple(_load_folder(ours))):
        raise SuiteError("no suites", where=str(ours), remedy="Check COUNTERFOIL_PROJECT_DIR")
    for folder in own:
        suites += tuple(_load_own(folder, ours))
    check_ids = [(check.check_id, suite.file) for suite in suites for check in suite.checks]
    of_the_audit = [(check.check_id, "Counterfoil's own") for check in OWN_CHECKS]
    _refuse_twice([*check_ids, *of_the_audit])
    _refuse_twice((suite.relation, suite.file) for suite in suites)
    return suites


def _load_folder(expectations_dir: Path) -> list[Suite]:
    stray = next(expectations_dir.rglob("*.yaml"), None)
    if stray is not None:
        raise SuiteError(
            "only .yml is read as a suite", where=str(stray), remedy="Rename it to end with .yml"
        )
    files = sorted(expectations_dir.rglob("*.yml"), key=lambda file: file.name)
    return [_load_suite(file, expectations_dir) for file in files if file.name != REPORT]


def _load_own(own: Path, ours: Path) -> list[Suite]:
    """The user's, no pack of which is called like one of ours, and each check like its pack."""
    suites = _load_folder(own)
    for suite in suites:
        where = str(own.parent / suite.file)
        if (ours / suite.pack).is_dir():
            raise SuiteError(
                f"pack '{suite.pack}' is one of Counterfoil's",
                where=where,
                remedy="Give yours another name: its folder, `pack` and the check_ids",
            )
        if not (own / suite.pack).is_dir():
            raise SuiteError(
                "it lies in no folder of its pack",
                where=where,
                remedy=f"Move it to expectations/{suite.pack}/",
            )
        for check in suite.checks:
            if not check.check_id.startswith(f"{suite.pack}."):
                raise SuiteError(
                    f"check '{check.check_id}' is not named for its pack",
                    where=where,
                    remedy=f"Begin its name with '{suite.pack}.', so that it is never ours",
                )
    return suites


def check_suites(
    suites: Iterable[Suite], contract: Contract, pii_columns: Mapping[str, frozenset[str]]
) -> None:
    """That the suites fit the contract and list nothing personal.

    Args:
        suites: those that apply to the contract.
        contract: whose tables they name.
        pii_columns: by model, the columns that `models/` tags `pii: true`.

    Raises:
        SuiteError: an unknown table, or a personal column among the evidence.
    """
    for suite in suites:
        for table in [*suite.sources, *(name for check in suite.checks for name in check.sources)]:
            if table not in contract.tables:
                raise SuiteError(
                    f"unknown table '{table}'",
                    where=f"{suite.file}, key sources",
                    remedy=f"Name tables of the contract: {', '.join(contract.tables)}",
                )
        for check in suite.checks:
            evidence = suite.evidence_of(check)
            columns = frozenset(suite.columns_of(check))
            personal = pii_columns.get(evidence.relation, frozenset()) & columns
            if personal:
                raise SuiteError(
                    f"column '{min(personal)}' is personal (pii) and may not be evidence",
                    where=f"{suite.file}, check {check.check_id}",
                    remedy="List keys and measures only",
                )


def owners_of(suites: Iterable[Suite], contract: Contract) -> frozenset[str]:
    """Who answers for a check of the suites, for one of the audit's own, or for a rule."""
    theirs = {check.owner for suite in suites for check in suite.checks}
    theirs |= {check.owner for check in OWN_CHECKS}
    rules = (*contract.rules, *contract.workflow)
    return frozenset(theirs.union(rule.owner for rule in rules if rule.owner))


def check_words(suites: Sequence[Suite], contract: Contract) -> None:
    """That the contract says why of checks that there are, and whom owners of theirs stand for.

    Args:
        suites: every suite there is.
        contract: whose `why` names checks of them, and whose `owners` their owners.

    Raises:
        ContractError: it names another.
    """
    known = owners_of(suites, contract)
    if nobody := contract.owners.keys() - known:
        raise ContractError(
            f"no check has owner '{min(nobody)}'",
            where=f"contract of {contract.database}, key owners",
            remedy=f"Use some of: {', '.join(sorted(known))}",
        )
    unknown = contract.why.keys() - {check.check_id for suite in suites for check in suite.checks}
    if unknown:
        raise ContractError(
            f"no suite has a check '{min(unknown)}'",
            where=f"contract of {contract.database}, key why",
            remedy="See `counterfoil checks`; the audit's own keep their words",
        )


def check_columns(suites: Iterable[Suite], columns: Mapping[str, frozenset[str]]) -> None:
    """That every relation and column that the suites name is in the database.

    Args:
        suites: those that apply to the contract.
        columns: the columns of each view that was built.

    Raises:
        SuiteError: one is not; names file, check and column.
    """
    for suite in suites:
        for relation, column, key in suite.columns_used:
            if relation not in columns:
                raise SuiteError(
                    f"unknown relation '{relation}'",
                    where=f"{suite.file}, {key}",
                    remedy="Name a view of models/, or run again if it was dropped meanwhile",
                )
            if column not in columns[relation]:
                raise SuiteError(
                    f"unknown column '{column}' of {relation}",
                    where=f"{suite.file}, {key}",
                    remedy=f"Use one of: {', '.join(sorted(columns[relation]))}",
                )


def read_pii_columns(*models_dirs: Path) -> dict[str, frozenset[str]]:
    """By model, the columns that the folders' properties tag `meta: {pii: true}`.

    Raises:
        SuiteError: a properties file is not YAML, or not what dbt takes for properties.
    """
    tagged: dict[str, frozenset[str]] = {}
    for file in sorted(file for folder in models_dirs for file in folder.rglob("*.yml")):
        content = read_yaml(file, SuiteError) or {}
        try:
            for model in content.get("models") or []:
                tagged[model["name"]] = frozenset(
                    column["name"] for column in model.get("columns") or [] if _is_pii(column)
                )
        except (AttributeError, KeyError, TypeError):
            raise SuiteError(
                "not a properties file, so its personal columns cannot be read",
                where=str(file),
                remedy="List models and columns, each with its name, as dbt requires",
            ) from None
    return tagged


def _is_pii(column: Mapping[str, Any]) -> bool:
    config = column.get("config") or {}
    return bool((column.get("meta") or config.get("meta") or {}).get("pii"))


def _load_suite(file: Path, expectations_dir: Path) -> Suite:
    where = str(file.relative_to(expectations_dir.parent))
    content = read_yaml(file, SuiteError)
    if isinstance(content, dict):
        content["file"] = where
    suite = parse_model(Suite, content, where=where, error=SuiteError)
    if file.parent != expectations_dir:
        check_folder(suite.pack, file.parent, where)
    return suite


def check_folder(pack: Pack, folder: Path, where: str) -> None:
    """That a file says the pack whose folder it is in.

    Raises:
        SuiteError: it does not.
    """
    if pack != folder.name:
        raise SuiteError(
            f"pack '{pack}' is not its folder's: it would never apply",
            where=where,
            remedy=f"Write `pack: {folder.name}`, or move the file",
        )


def _refuse_twice(named: Iterable[tuple[str, str]]) -> None:
    named = list(named)
    counts = Counter(name for name, _ in named)
    for name, _ in named:
        if counts[name] > 1:
            files = ", ".join(dict.fromkeys(other for same, other in named if same == name))
            raise SuiteError(f"'{name}' is there twice", where=files, remedy="Rename one")
