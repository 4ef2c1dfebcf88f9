"""What a report shows of a pack besides its checks: expectations/<pack>/report.yml, read strictly.

Values are Jinja expressions and sentences are Jinja templates, over the rows of a view. They
are looked at here, so that a slip of the pen is found before an audit and not after it.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, model_validator

from counterfoil.common.errors import SuiteError
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.contract.packs import Pack
from counterfoil.suites.suite import REPORT, Identifier, Text, check_folder

# How a value is written: by itself, or with the digits, the sign or the time of its kind.
Form = Literal["text", "name", "id", "number", "signed", "instant", "amount"]


# What an expression may do with a value besides Jinja's own (counterfoil/publish/forms.py).
FILTERS = ("number", "signed", "instant", "amount", "counted")


@cache
def _syntax() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment()
    environment.filters.update(dict.fromkeys(FILTERS, str))
    return environment


def _checked_expression(text: str) -> str:
    try:
        _syntax().compile_expression(text)
    except TemplateSyntaxError as cause:
        raise ValueError(f"'{text}' is no expression: {cause.message}") from None
    return text


def _checked_template(text: str) -> str:
    try:
        _syntax().from_string(text)
    except TemplateSyntaxError as cause:
        raise ValueError(f"'{text}' is no sentence: {cause.message}") from None
    return text


Expression = Annotated[Text, AfterValidator(_checked_expression)]
Sentence = Annotated[Text, AfterValidator(_checked_template)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(_Entry):
    """Rows that audit.json has under `sections`: of a view, or of a summary's suite.

    `order` says which come first where there are too many; a summary's are those that were
    asserted over, in their own order. `key` names a row of a view some of whose columns cost
    much: they are computed for the first rows alone. `leave_out` are columns that no report shows,
    and `where`, in SQL, says which rows it shows.
    """

    view: Identifier
    order: Text | None = None
    key: tuple[Identifier, ...] = ()
    leave_out: frozenset[Identifier] = frozenset()
    where: Text = "true"


class ColumnOf(_Entry):
    """One column of a table.

    `mark` is the status that a cell bears, `strong` whether it is what a reader should see
    first, `bar` draws it beside the others; the column is there while `when` holds.
    """

    caption: Text
    value: Expression | None = None
    form: Form = Field(default="text", alias="as")
    mark: Expression | None = None
    strong: Expression | None = None
    bar: bool = False
    when: Expression | None = None

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if self.value is None and self.mark is None:
            raise ValueError(f"column '{self.caption}' has neither value nor mark")
        return self


class TableOf(_Entry):
    """A table: a line for each of the rows that `each` gives, up to `most`.

    `total` is how many there are, where `each` gives only the first; `view` lists them all.
    """

    caption: Text
    each: Expression
    columns: tuple[ColumnOf, ...] = Field(min_length=1)
    most: StrictInt = 200
    total: Expression | None = None
    view: Identifier | None = None


class ItemOf(_Entry):
    """A line of a list, or one for each of what `each` gives, while `when` holds.

    `check` is the check that it tells of: its status is the mark, unless there is another.
    """

    text: Sentence
    each: Expression | None = None
    when: Expression | None = None
    mark: Expression | None = None
    check: Text | None = None


class BlockOf(_Entry):
    """A paragraph, a table, or a list."""

    text: Sentence | None = None
    each: Expression | None = None
    table: TableOf | None = None
    items: tuple[ItemOf, ...] = ()

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if sum(map(bool, (self.text, self.table, self.items))) != 1:
            raise ValueError("a block is a text, a table or a list of items")
        return self


class SectionOf(_Entry):
    """A part of the report, under a heading of its own, or one for each of what `each` gives;
    there while `when` holds.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]
    title: Sentence
    place: StrictInt
    when: Expression
    each: Expression | None = None
    blocks: tuple[BlockOf, ...] = Field(min_length=1)


class FactOf(_Entry):
    """A sentence of the first lines, wherever they are read; there while `when` holds."""

    when: Expression
    text: Sentence


class PackReport(_Entry):
    """What a report shows of one pack.

    Attributes:
        pack: whose it is.
        rows: what is read, under the names that audit.json gives it.
        score: the categories of its checks, each with its place in the health score.
        words: what the rows call things, and what a reader calls them.
        facts: sentences of the first lines.
        sections: by place, among those of all packs.
    """

    pack: Pack
    rows: dict[Identifier, Rows] = {}
    score: dict[Text, StrictInt] = {}
    words: dict[Text, Text] = {}
    facts: tuple[FactOf, ...] = ()
    sections: tuple[SectionOf, ...] = ()


def load_reports(*expectations_dirs: Path) -> tuple[PackReport, ...]:
    """What the packs of the folders show, in the order of their names.

    Raises:
        SuiteError: a file is not YAML, has a key that is none, an expression that is none or
            another pack than its folder's, or two of them give rows or a section one name.
    """
    reports = []
    for file in sorted(file for folder in expectations_dirs for file in folder.glob(f"*/{REPORT}")):
        where = str(file.relative_to(file.parents[2]))
        report = parse_model(PackReport, read_yaml(file, SuiteError), where=where, error=SuiteError)
        check_folder(report.pack, file.parent, where)
        reports.append(report)
    _refuse_twice(name for report in reports for name in report.rows)
    _refuse_twice(section.id for report in reports for section in report.sections)
    return tuple(reports)


def _refuse_twice(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SuiteError(
                f"'{name}' is there twice", where=f"expectations/*/{REPORT}", remedy="Rename one"
            )
        seen.add(name)
