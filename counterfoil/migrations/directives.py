"""The SQL of Alembic's directives, written by Alembic and SQLAlchemy themselves.

Only what describes SQL is handed out of SQLAlchemy: its elements, types and functions, and
nothing that connects, reads or imports. No connection is made.
"""

import importlib
import io
import re
from types import ModuleType
from typing import Any

from counterfoil.migrations.constants import UNKNOWN, is_known

_MODULES = frozenset(
    f"sqlalchemy{name}"
    for name in (
        "",
        ".dialects",
        ".dialects.postgresql",
        ".schema",
        ".sql",
        ".sql.expression",
        ".sql.schema",
        ".sql.sqltypes",
        ".types",
    )
)
# Functions that describe SQL; each class that does, does so too.
_FUNCTIONS = frozenset(
    {"and_", "array", "asc", "bindparam", "case", "cast", "column", "delete", "desc", "extract"}
    | {"false", "func", "insert", "literal", "literal_column", "not_", "null", "or_", "select"}
    | {"table", "text", "true", "update"}
)
# What a column has for Python alone, and no SQL says.
_OF_PYTHON = frozenset({"default", "doc", "info", "onupdate"})
_DIRECTIVES = ("create_", "drop_", "add_", "alter_", "rename_", "bulk_insert")


def library(name: str) -> ModuleType | None:
    """A module of SQLAlchemy's that describes SQL; None for any other."""
    return importlib.import_module(name) if name in _MODULES else None


def member(of: Any, name: str) -> Any:
    """What a module of SQLAlchemy's, or something made of it, has of that name; UNKNOWN if it
    has nothing, or something that does more than describe."""
    from sqlalchemy.sql.base import ReadOnlyColumnCollection
    from sqlalchemy.sql.functions import _FunctionGenerator
    from sqlalchemy.sql.visitors import Visitable

    if name.startswith("_"):
        return UNKNOWN
    if isinstance(of, ModuleType):
        if inner := library(f"{of.__name__}.{name}"):
            return inner
        found = getattr(of, name, UNKNOWN)
        is_class = isinstance(found, type) and issubclass(found, Visitable)
        return found if is_class or name in _FUNCTIONS else UNKNOWN
    if isinstance(of, Visitable | ReadOnlyColumnCollection | _FunctionGenerator):
        return getattr(of, name, UNKNOWN)
    return UNKNOWN


def named_type(value: Any) -> bool:
    """Whether it is a type that is made by itself: an enum or a domain."""
    from sqlalchemy import Enum
    from sqlalchemy.dialects.postgresql import DOMAIN, ENUM

    return isinstance(value, Enum | ENUM | DOMAIN)


class Directives:
    """Alembic's operations of one run, whose SQL is kept instead of sent."""

    def __init__(self) -> None:
        from alembic.operations import Operations
        from alembic.runtime.migration import MigrationContext

        self._buffer = io.StringIO()
        options = {"as_sql": True, "literal_binds": True, "output_buffer": self._buffer}
        self._context = MigrationContext.configure(dialect_name="postgresql", opts=options)
        self._operations = Operations(self._context)

    def send(
        self,
        name: str,
        arguments: list[Any],
        named: dict[str, Any],
        batch: tuple[Any, ...] | None,
    ) -> tuple[str, bool, Any]:
        """The SQL of a directive, whether something of it was left out, not being known, and
        what it returns.

        Args:
            name: the directive's, as create_table.
            arguments: its arguments.
            named: those that are given by name.
            batch: arguments and named arguments of the batch that it is called of.

        Raises:
            ValueError: what it would do is not known.
        """
        if name == "bulk_insert":
            arguments = arguments[:1] + [
                list(filter(is_known, rows)) for rows in arguments[1:] if isinstance(rows, list)
            ]
        kept = {key: value for key, value in named.items() if is_known(value)}
        listed = arguments[:1] + [one for one in arguments[1:] if is_known(one)]
        known = listed if name == "create_table" else arguments
        if not name.startswith(_DIRECTIVES) or not all(map(is_known, known)):
            raise ValueError("only a run would show what it does")
        try:
            if batch is None:
                returned = getattr(self._operations, name)(*known, **kept)
            else:
                with self._operations.batch_alter_table(*batch[0], **batch[1]) as operations:
                    returned = getattr(operations, name)(*known, **kept)
        except Exception as cause:
            self._taken()
            said = str(cause).partition("\n")[0]
            # Without the constraint or column, as Python would write it.
            raise ValueError(re.sub(r" \w+\(.*\);", ";", said)) from None
        is_partial = len(kept) < len(named) or len(known) < len(arguments)
        return self._taken(), is_partial, returned

    def execute(self, construct: Any) -> str:
        """The SQL of what SQLAlchemy has built; none if it cannot be written out."""
        try:
            self._operations.execute(construct)
        except Exception:
            self._taken()
        return self._taken()

    def of_type(self, of: Any, name: str) -> str:
        """The SQL of a type's own create() or drop().

        Raises:
            ValueError: it has no name.
        """
        try:
            getattr(of, name)(self._context.connection, checkfirst=False)
        except Exception as cause:
            self._taken()
            raise ValueError(str(cause).partition("\n")[0]) from None
        return self._taken()

    def text_of(self, value: Any) -> Any:
        """The text of sqlalchemy.text(), and of sqlalchemy.DDL(); anything else as it is."""
        from sqlalchemy import DDL, TextClause

        if isinstance(value, TextClause):
            return value.text
        return value.statement if isinstance(value, DDL) else value

    def construct(
        self, target: Any, arguments: list[Any], named: dict[str, Any]
    ) -> tuple[Any, bool]:
        """Something of SQLAlchemy's, and whether something of it was left out, not being known.

        A column of which only the type is not known is one of text.
        """
        from sqlalchemy import Column, Enum, Text

        described = {key: value for key, value in named.items() if key not in _OF_PYTHON}
        kept = {key: value for key, value in described.items() if is_known(value)}
        known = list(arguments)
        if target is Column:
            known[1:] = [
                Text() if place == 0 and not is_known(one) else one
                for place, one in enumerate(known[1:])
            ]
            known = known[:1] + [one for one in known[1:] if is_known(one)]
        elif isinstance(target, type) and issubclass(target, Enum):
            known = [one for one in known if is_known(one)]
        is_partial = len(kept) < len(described) or not all(map(is_known, arguments))
        if not all(map(is_known, known)):
            return UNKNOWN, is_partial
        try:
            return target(*known, **kept), is_partial
        except Exception:
            return UNKNOWN, True

    def _taken(self) -> str:
        """What has been written since it was last asked."""
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text
