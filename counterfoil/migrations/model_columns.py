"""Reading what SQLAlchemy models say of their columns, by their syntax trees.

Read is what is written out: a column of a class, of a mixin that lies in the same folder, or of a
Table. What a run would decide (`declared_attr`, a condition, a type or an enum of elsewhere) is
noted as unread, and held against nothing.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from counterfoil.migrations.constants import Evaluator, is_known
from counterfoil.migrations.facts import ModelColumn
from counterfoil.migrations.models import assignments, schema_of

# As Postgres calls them; of text, whatever its length, there is one.
_TYPES = {
    "integer": ("Integer", "INTEGER", "INT"),
    "bigint": ("BigInteger", "BIGINT"),
    "smallint": ("SmallInteger", "SMALLINT"),
    "text": ("Text", "TEXT", "String", "VARCHAR", "Unicode", "UnicodeText"),
    "boolean": ("Boolean", "BOOLEAN"),
    "date": ("Date", "DATE"),
    "numeric": ("Numeric", "NUMERIC", "DECIMAL"),
    "double precision": ("Double", "DOUBLE_PRECISION"),
    "bytea": ("LargeBinary", "BYTEA"),
    "json": ("JSON",),
    "jsonb": ("JSONB",),
    "uuid": ("Uuid", "UUID"),
}
_TYPE_OF = {name: type_name for type_name, names in _TYPES.items() for name in names}
_INSTANTS = frozenset({"DateTime", "TIMESTAMP"})
# What a plain type may be told without becoming another one.
_HARMLESS = frozenset(
    {"length", "collation", "precision", "scale", "asdecimal", "as_uuid", "name", "none_as_null"}
)
_COLUMNS = frozenset({"Column", "mapped_column"})
# What may stand where a column's type does.
_NO_TYPES = frozenset({"ForeignKey", "Sequence", "Identity", "Computed", "CheckConstraint"})
_ENUMS = frozenset({"Enum", "StrEnum", "IntEnum"})
_PLAIN = frozenset(
    {"int", "str", "bool", "float", "bytes", "dict", "list", "Dict", "List"}
    | {"date", "datetime", "time", "timedelta", "Decimal", "UUID"}
)
_VALUES = re.compile(r"lambda (\w+): \[(\w+)\.value for \2 in \1(\.__members__\.values\(\))?\]")


@dataclass(frozen=True)
class _Module:
    file: str
    body: ast.Module
    constants: Evaluator
    imports: Mapping[str, str]
    assigned: Mapping[str, ast.expr]
    classes: Mapping[str, ast.ClassDef]

    def value(self, node: ast.expr | None) -> Any:
        return self.constants.value(node)

    def origin(self, node: ast.expr) -> str:
        """A name with what it was imported from before it; '' if it is none."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name, name)
            case ast.Attribute(value=of, attr=name):
                return f"{self.origin(of)}.{name}"
            case _:
                return ""

    def member(self, node: ast.expr) -> str:
        """What SQLAlchemy calls it, or the extension of it for Flask; '' if it is not theirs."""
        origin = self.origin(node.func if isinstance(node, ast.Call) else node)
        is_flask = origin.startswith("db.") or origin.rpartition(".")[0].endswith(".db")
        is_theirs = origin.startswith("sqlalchemy.") or is_flask
        return origin.rpartition(".")[2] if is_theirs else ""


def read_model_columns(tree: str, texts: Mapping[str, str]) -> list[ModelColumn]:
    """The columns that the models of a folder say there are; those that cannot be read have no
    name. Of a module that is not Python none is known.

    Args:
        tree: the migrations whose models they are.
        texts: of each module, by file.
    """
    return [*_Reader(tree, texts).columns()]


class _Reader:
    def __init__(self, tree: str, texts: Mapping[str, str]) -> None:
        self._tree = tree
        self._modules = [*filter(None, (_module(*item) for item in texts.items()))]
        # Where the metadata has a schema, a table without one is not of the default one.
        self._has_hidden_schema = any(
            isinstance(node, ast.Call)
            and module.member(node) == "MetaData"
            and any(keyword.arg in ("schema", None) for keyword in node.keywords)
            for module in self._modules
            for node in ast.walk(module.body)
        )

    def columns(self) -> Iterator[ModelColumn]:
        for module in self._modules:
            for node in ast.walk(module.body):
                if isinstance(node, ast.ClassDef):
                    yield from self._of_class(module, node)
                elif isinstance(node, ast.Call) and module.member(node) == "Table":
                    yield from self._of_table(module, node)

    def _of_table(self, module: _Module, call: ast.Call) -> Iterator[ModelColumn]:
        name = module.value(call.args[0]) if call.args else None
        given = next((one.value for one in call.keywords if one.arg == "schema"), None)
        schema = module.value(given)
        if not self._is_placed(schema, name):
            yield self._unread(module, call, "a table whose name is not written out")
            return
        for item in call.args[2:]:
            if isinstance(item, ast.Call) and module.member(item) == "Column":
                column = self._column(module, item, "", None)
                yield replace(column, schema_name=schema, table_name=name, named_by=f"table {name}")
            elif not isinstance(item, ast.Call):
                yield self._unread(module, item, "columns that are not written out")

    def _of_class(self, module: _Module, cls: ast.ClassDef) -> Iterator[ModelColumn]:
        own = dict(assignments(cls))
        if module.value(own.get("__abstract__")) is True:
            return
        if (placed := self._place(module, cls)) is None:
            return
        schema, name = placed
        if not self._is_placed(schema, name):
            yield self._unread(module, cls, "a table whose name is not written out")
            return
        for column in self._gathered(module, cls).values():
            if column is not None:
                named_by = f"model {cls.name}"
                yield replace(column, schema_name=schema, table_name=name, named_by=named_by)
        yield from self._left_out(module, cls)

    def _is_placed(self, schema: Any, name: Any) -> bool:
        is_certain = schema is not None or not self._has_hidden_schema
        return isinstance(name, str) and is_known([name, schema]) and is_certain

    def _place(
        self, module: _Module, cls: ast.ClassDef, below: frozenset[ast.ClassDef] = frozenset()
    ) -> tuple[Any, Any] | None:
        """Schema and name of the class's table, which may be that of a class above; None if it
        has none."""
        if cls in below:
            return None
        own = dict(assignments(cls))
        bases = [*self._bases(module, cls)]
        if "__tablename__" in own:
            arguments = module.value(own.get("__table_args__"))
            is_hidden = "__table_args__" not in own and any(map(_has_table_args, bases))
            if is_hidden or any(map(_is_table_args, cls.body)):
                return None, None
            return schema_of(arguments), module.value(own["__tablename__"])
        above = (self._place(*base, below | {cls}) for base in bases)
        return next(filter(None, above), None)

    def _gathered(
        self, module: _Module, cls: ast.ClassDef, below: frozenset[ast.ClassDef] = frozenset()
    ) -> dict[str, ModelColumn | None]:
        """By attribute the columns of a class, and of what it inherits from and is no table; None
        for what hides one."""
        found: dict[str, ModelColumn | None] = {}
        for base_module, base in reversed([*self._bases(module, cls)]):
            if base not in below and "__tablename__" not in dict(assignments(base)):
                found |= self._gathered(base_module, base, below | {cls})
        pinned = any(
            isinstance(node, ast.Call) and module.member(node) == "PrimaryKeyConstraint"
            for node in ast.walk(cls)
        )
        for name, annotation, value in _attributes(cls):
            column = self._of_attribute(module, name, annotation, value)
            if column is not None and pinned and column.is_nullable is not False:
                column = replace(column, is_nullable=None)
            if column is not None or value is not None:
                found[name] = column
        return found

    def _of_attribute(
        self, module: _Module, name: str, annotation: ast.expr | None, value: ast.expr | None
    ) -> ModelColumn | None:
        mapped = _mapped(module, annotation)
        if isinstance(value, ast.Call) and module.member(value) in _COLUMNS:
            return self._column(module, value, name, mapped)
        if value is None and mapped is not None and annotation is not None:
            is_nullable = self._may_be_null(module, mapped)
            unread = "whether it may be null" if is_nullable is None else None
            return ModelColumn(
                *(self._tree, module.file, annotation.lineno, None, None, name, is_nullable),
                unread=unread,
            )
        return None

    def _column(
        self, module: _Module, call: ast.Call, attribute: str, mapped: ast.expr | None
    ) -> ModelColumn:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        items = [*call.args]
        name = module.value(given["name"]) if "name" in given else attribute
        if items and isinstance(text := module.value(items[0]), str):
            name = text
            items.pop(0)
        elif len(items) > 1 and module.member(items[1]) in {*_TYPE_OF, *_INSTANTS, "Enum", "ENUM"}:
            name = ""
        is_cut = None in given or any(isinstance(item, ast.Starred) for item in items)
        if is_cut or not isinstance(name, str) or not name or not is_known(name):
            return self._unread(module, call, "a column that is not written out")
        kinds = {module.member(item) for item in items}
        type_ = given.get("type_", items[0] if items else None)
        is_typed = type_ is not None and module.member(type_) not in _NO_TYPES
        type_name, labels, unread = self._type(module, type_) if is_typed else (None, None, None)
        is_nullable: bool | None = True
        if "Computed" in kinds:
            is_nullable = None
        elif "nullable" in given:
            is_nullable = _boolean(module.value(given["nullable"]))
        elif "Identity" in kinds:
            is_nullable = False
        elif "primary_key" in given:
            is_key = _boolean(module.value(given["primary_key"]))
            is_nullable = None if is_key is None else not is_key
        elif mapped is not None:
            is_nullable = self._may_be_null(module, mapped)
        if is_nullable is None and "Computed" not in kinds:
            unread = unread or "whether it may be null"
        return ModelColumn(
            *(self._tree, module.file, call.lineno, None, None, name),
            *(is_nullable, type_name, labels),
            unread=unread,
        )

    def _type(
        self, module: _Module, node: ast.expr | None
    ) -> tuple[str | None, tuple[str, ...] | None, str | None]:
        """A type, the values of an enum, and what of it cannot be read."""
        assert node is not None
        if isinstance(node, ast.Name) and node.id in module.assigned:
            node = module.assigned[node.id]
        name = module.member(node)
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if name in ("Enum", "ENUM"):
            if "native_enum" in given and module.value(given["native_enum"]) is not True:
                is_text = module.value(given["native_enum"]) is False
                return ("text" if is_text else None), None, None if is_text else "its type"
            chosen_by = given.get("values_callable")
            labels = None if None in given else self._labels(module, call, chosen_by)
            return None, labels, None if labels else "its values"
        if name in _INSTANTS and given.keys() <= {"timezone"} and len(call.args) <= 1:
            has_zone = module.value(given.get("timezone", next(iter(call.args), None)))
            if has_zone in (None, False, True):
                return f"timestamp with{'' if has_zone else 'out'} time zone", None, None
        if name in _TYPE_OF and given.keys() <= _HARMLESS:
            return _TYPE_OF[name], None, None
        return None, None, "its type"

    def _labels(
        self, module: _Module, call: ast.Call, chosen_by: ast.expr | None
    ) -> tuple[str, ...] | None:
        found = self._class(module, call.args[0]) if len(call.args) == 1 else None
        if found is None:
            values = module.value(ast.List(call.args))
            is_written = values and is_known(values) and all(isinstance(v, str) for v in values)
            return tuple(values) if is_written else None
        members = self._members(*found)
        if not members:
            return None
        if chosen_by is None:
            return tuple(members)
        values = [*members.values()]
        is_plain = _VALUES.fullmatch(ast.unparse(chosen_by)) is not None
        return tuple(values) if is_plain and all(isinstance(v, str) for v in values) else None

    def _members(self, module: _Module, cls: ast.ClassDef) -> dict[str, Any] | None:
        """The names and values of an Enum's members, without aliases; None if they are not all
        written out."""
        bases = [module.origin(base).rpartition(".")[2] for base in cls.bases]
        if not _ENUMS.intersection(bases) or cls.keywords:
            return None
        members: dict[str, Any] = {}
        for statement in cls.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    is_auto = isinstance(value, ast.Call) and _last(module, value.func) == "auto"
                    # With auto() a StrEnum has the name in lower case, and others a number.
                    of = (name, "auto") if is_auto else module.value(value)
                    if name.startswith("_") or not is_known([*of] if is_auto else of):
                        return None
                    if of not in members.values():
                        members[name] = of
                case ast.Expr(value=ast.Constant()) | ast.FunctionDef() | ast.Pass():
                    continue
                case _:
                    return None
        return members

    def _may_be_null(self, module: _Module, mapped: ast.expr) -> bool | None:
        is_null: bool | None = None
        match mapped:
            case ast.Constant(value=str(text)):
                inner = _parsed(text)
                is_null = self._may_be_null(module, inner) if inner else None
            case ast.Constant(value=None):
                is_null = True
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                is_null = self._may_one_be_null(module, [left, right])
            case ast.Subscript(value=of, slice=inner) if _last(module, of) in ("Optional", "Union"):
                is_optional = _last(module, of) == "Optional"
                sides = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                is_null = True if is_optional else self._may_one_be_null(module, sides)
            case ast.Subscript(value=of):
                is_null = self._may_be_null(module, of)
            case ast.Name() | ast.Attribute():
                found = self._class(module, mapped)
                is_plain = _last(module, mapped) in _PLAIN and found is None
                is_null = False if is_plain or (found and self._members(*found)) else None
        return is_null

    def _may_one_be_null(self, module: _Module, sides: list[ast.expr]) -> bool | None:
        found = [self._may_be_null(module, side) for side in sides]
        return True if True in found else None if None in found else False

    def _bases(self, module: _Module, cls: ast.ClassDef) -> Iterator[tuple[_Module, ast.ClassDef]]:
        for base in cls.bases:
            found = self._class(module, base)
            if found and found[1] is not cls:
                yield found

    def _class(self, module: _Module, node: ast.expr) -> tuple[_Module, ast.ClassDef] | None:
        """The class of the folder that a name means; None if none, or more than one may be."""
        origin = module.origin(node)
        source, _, name = origin.rpartition(".")
        if not source:
            own = module.classes.get(name)
            return (module, own) if own else None
        place = source.rpartition(".")[2]
        found = [
            (other, other.classes[name])
            for other in self._modules
            if name in other.classes and place in PurePosixPath(other.file).with_suffix("").parts
        ]
        return found[0] if len(found) == 1 else None

    def _left_out(self, module: _Module, cls: ast.ClassDef) -> Iterator[ModelColumn]:
        """What of a class's body is a column, and is not read."""
        read = {id(value) for _, _, value in _attributes(cls)}
        for node in ast.walk(cls):
            if (
                isinstance(node, ast.Call)
                and id(node) not in read
                and module.member(node) in _COLUMNS
            ):
                yield self._unread(module, node, "a column that is not written out")

    def _unread(self, module: _Module, node: ast.expr | ast.ClassDef, what: str) -> ModelColumn:
        return ModelColumn(
            *(self._tree, module.file, node.lineno, None, None, None, None), unread=what
        )


def _module(file: str, text: str) -> _Module | None:
    try:
        body = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    constants = Evaluator({})
    imports: dict[str, str] = {}
    assigned: dict[str, ast.expr] = {}
    for node in body.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                constants.bind(target, constants.value(node.value))
                if isinstance(target, ast.Name):
                    assigned[target.id] = node.value
    for inner in ast.walk(body):
        if isinstance(inner, ast.Import):
            for alias in inner.names:
                name = alias.asname or alias.name.partition(".")[0]
                imports[name] = alias.name if alias.asname else name
        elif isinstance(inner, ast.ImportFrom):
            source = inner.module or PurePosixPath(file).parent.name
            for alias in inner.names:
                imports[alias.asname or alias.name] = f"{source}.{alias.name}"
    classes = {node.name: node for node in body.body if isinstance(node, ast.ClassDef)}
    return _Module(file, body, constants, imports, assigned, classes)


def _attributes(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """Each attribute that a class's body binds: its annotation, its value."""
    for statement in cls.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, None, value
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                yield name, annotation, value


def _mapped(module: _Module, annotation: ast.expr | None) -> ast.expr | None:
    """What Mapped[...] is about; None if it is another annotation."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = _parsed(annotation.value)
    match annotation:
        case ast.Subscript(value=of, slice=inner) if module.member(of) == "Mapped":
            return inner
        case _:
            return None


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _last(module: _Module, node: ast.expr) -> str:
    return module.origin(node).rpartition(".")[2]


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _has_table_args(found: tuple[_Module, ast.ClassDef]) -> bool:
    _, cls = found
    own = dict(assignments(cls))
    return "__tablename__" not in own and (
        "__table_args__" in own or any(map(_is_table_args, cls.body))
    )


def _is_table_args(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef) and statement.name in (
        "__table_args__",
        "__tablename__",
    )
