"""The body of a report: what each pack shows, made of the audit's rows and checks once."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.publish import forms
from counterfoil.publish.blocks import Block, Cell, Column, Item, Items, Paragraph, Section, Table
from counterfoil.publish.matrices import Matrices
from counterfoil.suites.pack_report import (
    FILTERS,
    BlockOf,
    ColumnOf,
    FactOf,
    ItemOf,
    PackReport,
    SectionOf,
    TableOf,
)

log = logging.getLogger(__name__)

# What an expression comes to whose rows are not as it takes them to be.
_UNMADE = (TemplateError, TypeError, ValueError, LookupError)
_NOT_MADE = "It cannot be made of these rows; the log says why."


@dataclass(frozen=True)
class Body:
    """An audit as every form of publication shows it.

    Attributes:
        audit: what was found.
        facts: sentences of the first lines.
        sections: what the packs show.
    """

    audit: Audit
    facts: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def tables(self) -> Iterator[Table]:
        """The tables of the sections, in their order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Table))


def body_of(audit: Audit, reports: Sequence[PackReport]) -> Body:
    """The body of an audit's report, by what the packs say that they show."""
    pages = [
        (report, _Page(audit, report))
        for report in reports
        if report.pack not in audit.packs_left_out
    ]
    facts = [
        forms.bare(said)
        for report, page in pages
        for fact in report.facts
        for said in page.fact(fact)
    ]
    placed = [(section, page) for report, page in pages for section in report.sections]
    placed.sort(key=lambda each: each[0].place)
    sections = [made for section, page in placed for made in page.section(section)]
    return Body(audit, (*map(forms.bare, _rebuilt(audit.rebuilt_views)), *facts), tuple(sections))


def _rebuilt(views: Sequence[str]) -> Iterator[str]:
    """What is said of views that were not as they had been built."""
    if views:
        others = f" and {len(views) - 1} more views were" if len(views) > 1 else " was"
        yield (
            f"{views[0]}{others} not as built, or read a table that its name no longer means:"
            " built again before this audit, but earlier ones may have read something else"
        )


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=_isolated, autoescape=False
    )
    environment.filters.update({name: getattr(forms, name) for name in FILTERS})
    return environment


def _isolated(value: Any) -> str:
    """What a sentence shows: a text of the database's, a number, or words of our own."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return forms.isolate(forms.text(value))
    return forms.text(value)


@cache
def _expression(text: str) -> Callable[..., Any]:
    return _environment().compile_expression(text, undefined_to_none=False)


class _Page:
    """Evaluates what one pack shows over one audit."""

    def __init__(self, audit: Audit, report: PackReport) -> None:
        self._results: dict[str, list[CheckResult]] = {}
        for check in audit.checks:
            self._results.setdefault(check.check_id, []).append(check)
        self._everywhere: dict[str, Any] = {
            "sections": audit.sections,
            "checks": {check_id: results[0] for check_id, results in self._results.items()},
            "words": report.words,
            "judged": Matrices(audit).status,
            "findings": self._findings,
            "counted": self._counted,
            "passed": self._passed,
            "unjudged": self._unjudged,
        }

    def holds(self, condition: str | None, **here: Any) -> bool:
        """Whether it does; without a condition it does."""
        return condition is None or bool(self._value(condition, **here))

    def sentence(self, template: str, **here: Any) -> str:
        """The sentence filled in, on one line."""
        filled = _environment().from_string(template).render(**here, **self._everywhere)
        return " ".join(filled.split())

    def fact(self, fact: FactOf) -> Iterator[str]:
        """Its sentence, if it holds.

        What cannot be made, here or in a section, says so in its place: what was found is
        published all the same.
        """
        try:
            if self.holds(fact.when):
                yield self.sentence(fact.text)
        except _UNMADE as cause:
            log.warning("a fact of the report cannot be made of '%s': %s", fact.text, cause)
            yield _NOT_MADE

    def section(self, section: SectionOf) -> Iterator[Section]:
        """The section, if it holds, without blocks that have nothing to show."""
        try:
            if not self.holds(section.when):
                return
            for number, here in enumerate(self._each(section.each)):
                id_ = f"{section.id}-{number}" if section.each else section.id
                blocks = [
                    block
                    for place, each in enumerate(section.blocks)
                    for block in self._blocks(each, f"{id_}-{place}", here)
                ]
                if blocks:
                    title = forms.bare(self.sentence(section.title, **here))
                    yield Section(id_, title, tuple(blocks))
        except _UNMADE as cause:
            log.warning("'%s' of the report cannot be made: %s", section.title, cause)
            title = section.id.capitalize() if section.each else section.title
            yield Section(section.id, title, (Paragraph(_NOT_MADE),))

    def _blocks(self, block: BlockOf, id_: str, around: Mapping[str, Any]) -> Iterator[Block]:
        if block.text:
            for here in self._each(block.each, around):
                yield Paragraph(self.sentence(block.text, **here))
        elif block.table:
            if table := self._table(block.table, id_, around):
                yield table
        elif items := tuple(item for each in block.items for item in self._items(each, around)):
            yield Items(items)

    def _items(self, item: ItemOf, around: Mapping[str, Any]) -> Iterator[Item]:
        results = self._results.get(item.check, ()) if item.check else (None,)
        for check, here in product(results, self._each(item.each, around)):
            if not self.holds(item.when, **here):
                continue
            if check and check.is_unjudged:
                yield Item("Not judged.", check.status, check.name)
                continue
            status = check.status if check else None
            mark = self._value(item.mark, **here) if item.mark else status
            text = self.sentence(item.text, check=check, **here)
            yield Item(text, mark, check.name if check else None)

    def _table(self, table: TableOf, id_: str, around: Mapping[str, Any]) -> Table | None:
        rows = self._each(table.each, around)
        if not rows:
            return None
        shown = [column for column in table.columns if self.holds(column.when, **around)]
        lines = tuple(
            tuple(self._cell(column, row) for column in shown) for row in rows[: table.most]
        )
        total = self._value(table.total, **around) if table.total else len(rows)
        return Table(
            id_,
            self.sentence(table.caption, **around),
            tuple(Column(column.caption, column.form, column.bar) for column in shown),
            lines,
            max(total - len(lines), 0),
            f"{PUBLIC_SCHEMA}.{table.view}" if table.view else None,
        )

    def _cell(self, column: ColumnOf, row: Mapping[str, Any]) -> Cell:
        value = self._value(column.value, **row) if column.value else None
        mark = self._value(column.mark, **row) if column.mark else None
        return Cell(
            forms.FORMS[column.form](mark if value is None else value),
            mark,
            is_strong=self.holds(column.strong, **row) if column.strong else None,
            number=value if isinstance(value, int | float) else None,
        )

    def _each(
        self, given: str | None, around: Mapping[str, Any] = MappingProxyType({})
    ) -> Sequence[dict[str, Any]]:
        """What a part is repeated over: the fields of each row, the row as `item`, and what it
        is a part of.
        """
        if given is None:
            return [dict(around)]
        return [
            {**around, **(item if isinstance(item, Mapping) else {}), "item": item}
            for item in self._value(given, **around) or ()
        ]

    def _value(self, expression: str, **here: Any) -> Any:
        return _expression(expression)(**{**here, **self._everywhere})

    def _findings(self, *check_ids: str) -> list[dict[str, Any]]:
        """The listed findings of some checks: key, measures, `check_id` and `is_waived`."""
        return [
            {
                **finding.key,
                **finding.observed,
                "check_id": check_id,
                "is_waived": finding.waiver is not None,
            }
            for check_id in check_ids
            for check in self._results.get(check_id, ())
            for finding in check.findings
        ]

    def _passed(self, *check_ids: str) -> bool:
        """Whether some checks were made, and all passed."""
        return all(
            check_id in self._results
            and {check.status for check in self._results[check_id]} == {"pass"}
            for check_id in check_ids
        )

    def _unjudged(self, check_id: str) -> dict[str | None, str | None]:
        """By ledger, or rule, why a check could not be judged, where it could not."""
        return {
            check.ledger: check.detail
            for check in self._results.get(check_id, ())
            if check.is_unjudged
        }

    def _counted(self, *check_ids: str) -> int:
        """How many findings some checks have, listed or not."""
        return sum(
            check.finding_count
            for check_id in check_ids
            for check in self._results.get(check_id, ())
        )
