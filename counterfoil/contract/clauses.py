"""What every part of a contract has in common, and how its names are written."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

from postgast import PgQueryError
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from counterfoil.contract.sql_words import clock_in

Name = Annotated[str, StringConstraints(min_length=1)]


def checked_sql(sql: str) -> str:
    """SQL of a contract, as it stands.

    Raises:
        ValueError: it is not even words, or reads the clock.
    """
    try:
        clock = clock_in(sql)
    except PgQueryError as cause:
        raise ValueError(f"not SQL: {cause}") from None
    if clock:
        raise ValueError(f"{clock} is another one at every audit: write as_of, the audit's instant")
    return sql


# SQL over a row, in which the table is called by its own name, and `as_of` is the audit's instant.
Condition = Annotated[Name, AfterValidator(checked_sql)]

_GLOB = frozenset("*?")


class Clause(BaseModel):
    """A part of the contract. dbt reads the project's own as YAML has it, so nothing here
    may be taken for what it is not: for dbt the text 'false' is true.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )


def locate(name: str, schemas: Sequence[str]) -> tuple[str, str]:
    """The (schema, relation) that a contract's name means.

    Args:
        name: a bare name is one of the first schema's; after a schema and a dot, that one's.
        schemas: the contract's schemas, its own first. They may hold dots themselves.
    """
    for schema in sorted(schemas, key=len, reverse=True):
        if name.startswith(f"{schema}.") and len(name) > len(schema) + 1:
            return schema, name[len(schema) + 1 :]
    return schemas[0], name


def label(schema: str, relation: str, schemas: Sequence[str]) -> str:
    """The one name that a contract and its views have for a relation: `locate` undone."""
    is_plain = schema == schemas[0] and locate(relation, schemas) == (schema, relation)
    return relation if is_plain else f"{schema}.{relation}"


def is_glob(name: str) -> bool:
    """Whether it stands for every table of that pattern."""
    return not _GLOB.isdisjoint(name)


def matches(pattern: str, name: str) -> bool:
    """Whether a glob of `*` and `?`, which nothing escapes, is a pattern of the name."""
    regex = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(regex, name, re.DOTALL) is not None


def twice(names: Iterable[str]) -> str | None:
    """The least of the names that are there more than once."""
    counts = Counter(names)
    return min((name for name, count in counts.items() if count > 1), default=None)
