"""What the expression of a row security policy amounts to between tenants.

It is read as Postgres writes it (`pg_get_expr`): columns of other relations carry their
relation's alias, and functions that are not Postgres' own their schema.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeGuard

import postgast
from google.protobuf.message import DecodeError
from postgast import nodes, pg_query_pb2, wrap
from postgast.nodes import AstNode


class Asks(Enum):
    """What a condition asks of who is there.

    Beside a condition that walls (`tenant_id = auth.uid() or ...`), NOBODYS and ALLOWED open
    nothing to another tenant, UNSET opens everything to those who have not said who they are,
    and of ROWS nothing can be told.
    """

    FALSE = auto()  # It lets nothing through.
    WALLS = auto()  # The tenant is compared with who is there.
    NOBODYS = auto()  # The row has no tenant.
    ALLOWED = auto()  # A function says whether who is there may see all.
    UNSET = auto()  # Nobody has said who is there.
    ROWS = auto()  # Whatever else: not whose the row is.
    TRUE = auto()
    UNTOLD = auto()  # It cannot be told from the expression.


# Of Postgres' own functions, those that say who is there. Of the application's, any may whose
# answer is not the same for everybody (its volatility is not immutable).
_WHO = frozenset({
    "current_setting", "has_any_column_privilege", "has_column_privilege",
    "has_database_privilege", "has_function_privilege", "has_schema_privilege",
    "has_table_privilege", "inet_client_addr", "pg_has_role",
})  # fmt: skip
_WHO_BY_WORD = frozenset({
    pg_query_pb2.SVFOP_CURRENT_ROLE, pg_query_pb2.SVFOP_CURRENT_USER,
    pg_query_pb2.SVFOP_USER, pg_query_pb2.SVFOP_SESSION_USER,
})  # fmt: skip
# What leaves a tenant's name one tenant's name.
_KEEPS = frozenset({"btrim", "lower", "ltrim", "rtrim", "upper", "to_jsonb", "to_json"})
# A query with one of these and no group has a row, whatever its conditions.
_AGGREGATES = frozenset({
    "array_agg", "avg", "bool_and", "bool_or", "count", "every", "json_agg", "jsonb_agg", "max",
    "min", "string_agg", "sum",
})  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """The rows that a condition lets through: those of a table with a policy, or of a query.

    Attributes:
        alias: the table's own name; None for a query.
        owners: the table's columns that tell whose a row is.
        aliases: those of a query's relations, each of whose columns may tell.
    """

    alias: str | None = None
    owners: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()

    def holds(self, column: tuple[str, ...]) -> bool:
        """Whether the column is one of these rows."""
        return column[0] in self.aliases or (
            self.alias is not None and (len(column) == 1 or column[0] == self.alias)
        )

    def tells(self, column: tuple[str, ...]) -> bool:
        """Whether the column tells whose the row is."""
        return self.holds(column) and (self.alias is None or column[-1] in self.owners)


def asks(expression: str, rows: Rows, functions: Collection[str]) -> Asks:
    """What the expression of a policy asks.

    Args:
        expression: as pg_get_expr writes it.
        rows: those of the policy's table.
        functions: the application's functions, as `schema.name`, that may say who is there.
    """
    try:
        tree = wrap(postgast.parse(f"select {expression}"))
    except (postgast.PgQueryError, DecodeError):
        # The library hands over no tree that is nested some 45 levels deep.
        return Asks.UNTOLD
    select = next(node for node in _walk(tree) if isinstance(node, nodes.SelectStmt))
    return _Reading(functions).condition(_target(select), rows)


@dataclass(frozen=True)
class _Reading:
    functions: Collection[str]

    def condition(self, node: AstNode | None, rows: Rows) -> Asks:  # noqa: PLR0911, PLR0912
        """What a condition asks of the rows that it lets through."""
        match node:
            case nodes.A_Const(val=nodes.Boolean() as value):
                return Asks.TRUE if value.boolval else Asks.FALSE
            case None | nodes.A_Const(isnull=True):
                return Asks.FALSE
            case nodes.TypeCast():
                return self.condition(node.arg, rows)
            case nodes.BoolExpr():
                if node.boolop == pg_query_pb2.NOT_EXPR:
                    return self._not(node.args[0], rows)
                parts = [self.condition(part, rows) for part in node.args]
                return _all(parts) if node.boolop == pg_query_pb2.AND_EXPR else _any(parts)
            case nodes.CoalesceExpr():
                return _any(self.condition(part, rows) for part in node.args)
            case nodes.CaseExpr(arg=None):
                branches = [
                    _all([self.condition(case.expr, rows), self.condition(case.result, rows)])
                    for case in node.args
                    if isinstance(case, nodes.CaseWhen)
                ]
                return _any([*branches, self.condition(node.defresult, rows)])
            case nodes.BooleanTest(booltesttype=pg_query_pb2.IS_TRUE):
                return self.condition(node.arg, rows)
            case nodes.NullTest(nulltesttype=pg_query_pb2.IS_NULL):
                if self._says_who(node.arg):
                    return Asks.UNSET
                return Asks.NOBODYS if self._is_owner(node.arg, rows) else Asks.ROWS
            case nodes.NullTest():
                return Asks.ROWS
            case nodes.A_Expr() if self._walls(node, rows):
                return Asks.WALLS
            case nodes.FuncCall() if self._may_say_who(node):
                columns = [*self._columns(node)]
                if any(self._is_owner(argument, rows) for argument in node.args):
                    return Asks.WALLS
                return Asks.UNTOLD if columns else Asks.ALLOWED
            case nodes.SubLink():
                return self._subquery(node, rows)
        return self._not_understood(node, rows)

    def _not(self, node: AstNode, rows: Rows) -> Asks:
        part = self.condition(node, rows)
        if part in (Asks.TRUE, Asks.FALSE):
            return Asks.FALSE if part is Asks.TRUE else Asks.TRUE
        if isinstance(node, nodes.A_Expr) and node.kind == pg_query_pb2.AEXPR_DISTINCT:
            is_held = self._holds(node.lexpr, node.rexpr, rows)
            return Asks.WALLS if is_held or self._holds(node.rexpr, node.lexpr, rows) else part
        return Asks.UNTOLD if part in (Asks.WALLS, Asks.UNTOLD) else Asks.ROWS

    def _not_understood(self, node: AstNode | None, rows: Rows) -> Asks:
        """Nothing is told by what names no owner, or nobody who might be there."""
        named = any(rows.tells(column) for column in self._columns(node))
        application = any(
            isinstance(part, nodes.FuncCall) and len(part.funcname) > 1 for part in _walk(node)
        )
        return Asks.UNTOLD if named and (application or self._names_who(node)) else Asks.ROWS

    def _walls(self, node: nodes.A_Expr, rows: Rows) -> bool:
        """Whether a comparison holds the owner against who is there."""
        left, right, operator = node.lexpr, node.rexpr, _names(node.name)[-1]
        forwards = self._holds(left, right, rows)
        backwards = self._holds(right, left, rows)
        if node.kind not in (
            pg_query_pb2.AEXPR_OP,
            pg_query_pb2.AEXPR_OP_ANY,
            pg_query_pb2.AEXPR_IN,
            pg_query_pb2.AEXPR_NOT_DISTINCT,
        ):
            return False
        if operator == "<@":
            # An empty array is contained in every other.
            return forwards or (backwards and isinstance(left, nodes.A_ArrayExpr))
        if operator == "@>":
            return backwards or (forwards and isinstance(right, nodes.A_ArrayExpr))
        return operator in ("=", "?", "&&") and (forwards or backwards)

    def _holds(self, owner: AstNode | None, who: AstNode | None, rows: Rows) -> bool:
        """Whether one value is whose the row is, and the other who is there.

        What a query has found for who is there may be held against any column of the row: it
        was found by its owner.
        """
        if not self._says_who(who):
            return False
        return self._is_owner(owner, rows) or (self._is_of(owner, rows) and _queries(who))

    def _subquery(self, node: nodes.SubLink, rows: Rows) -> Asks:
        select = node.subselect
        assert isinstance(select, nodes.SelectStmt)
        is_exists = node.sub_link_type == pg_query_pb2.EXISTS_SUBLINK
        if not select.from_clause and not select.values_lists and _is_plain(select):
            if is_exists:
                return Asks.ROWS
            if node.sub_link_type == pg_query_pb2.EXPR_SUBLINK:
                return self.condition(_target(select), rows)
        query = self._query(select, rows)
        is_any = node.sub_link_type == pg_query_pb2.ANY_SUBLINK
        if is_any and _names(node.oper_name) in ([], ["="]):
            if self._is_of(node.testexpr, rows) and query.says_who:
                return Asks.WALLS
            if self._says_who(node.testexpr) and query.shows_of_row:
                return Asks.WALLS
        elif query.is_of_row_and_says_who and not _aggregates(select):
            return Asks.WALLS
        # What another table holds, its own policies may hold to who is there.
        is_open = query.is_understood and not query.is_of_row
        return Asks.ROWS if is_open and not self._is_of(node.testexpr, rows) else Asks.UNTOLD

    def _query(self, select: AstNode | None, rows: Rows) -> "_Query":
        """What the rows of a query are held to: by who is there, and by the row at hand."""
        if not isinstance(select, nodes.SelectStmt) or not _is_plain(select):
            return _Query(is_understood=False)
        relations = [*_relations(select.from_clause)]
        within = Rows(aliases=frozenset(_alias(relation) for relation in relations))
        joined = _Joined()
        saying, linked, is_understood = self._of_relations(relations, rows)
        for aliases in _used(select.from_clause):
            joined.together(aliases)
        for condition in _conditions(select):
            columns = [*self._columns(condition)]
            aliases = {column[0] for column in columns if within.holds(column)}
            is_choice = isinstance(condition, nodes.BoolExpr) and len(aliases) > 1
            if not is_choice and self.condition(condition, within) is Asks.WALLS:
                saying |= aliases
            elif _is_equality(condition):
                sides = (condition.lexpr, condition.rexpr)
                inner = [side for side in sides if self._is_owner(side, within)]
                if len(inner) == len(sides):
                    joined.together(aliases)
                elif inner and any(self._is_of(side, rows) for side in sides):
                    linked |= aliases
            elif aliases and any(rows.holds(column) for column in columns):
                is_understood = False
        target = _target(select)
        selected = [*self._columns(target)]
        shown = {column[0] for column in selected if within.holds(column)}
        return _Query(
            is_understood=is_understood and not any(map(rows.holds, selected)),
            says_who=self._says_who(target) or joined.any_together(saying, shown or saying),
            is_of_row=bool(linked),
            shows_of_row=joined.any_together(linked, shown),
            is_of_row_and_says_who=joined.any_together(saying, linked),
        )

    def _of_relations(
        self, relations: Iterable[AstNode], rows: Rows
    ) -> tuple[set[str], set[str], bool]:
        """Aliases of what is itself held to who is there, and to the row; whether that is all."""
        saying: set[str] = set()
        linked: set[str] = set()
        is_understood = True
        for relation in relations:
            is_of_row = any(map(rows.holds, self._columns(relation)))
            if isinstance(relation, nodes.RangeSubselect):
                is_understood &= not is_of_row
                if self._query(relation.subquery, rows).says_who:
                    saying.add(_alias(relation))
            elif is_of_row:
                linked.add(_alias(relation))
            elif isinstance(relation, nodes.RangeFunction) and self._says_who(relation):
                saying.add(_alias(relation))
        return saying, linked, is_understood

    def _is_owner(self, node: AstNode | None, rows: Rows) -> bool:
        """Whether a value is an owner of the rows, and still tells one from another."""
        return self._keeps(node, rows, owners_only=True)

    def _is_of(self, node: AstNode | None, rows: Rows) -> bool:
        """Whether a value is some column of the rows."""
        return self._keeps(node, rows, owners_only=False)

    def _keeps(self, node: AstNode | None, rows: Rows, *, owners_only: bool) -> bool:
        parts: Sequence[AstNode | None] = ()
        match node:
            case nodes.ColumnRef():
                column = _column(node)
                return rows.tells(column) if owners_only else rows.holds(column)
            case nodes.TypeCast() | nodes.CollateClause():
                parts = [node.arg]
            case nodes.RowExpr():
                parts = node.args
            case nodes.A_ArrayExpr():
                parts = node.elements
            case nodes.FuncCall() if _names(node.funcname)[-1] in _KEEPS:
                parts = node.args
            case nodes.A_Expr() if _names(node.name) == ["||"]:
                parts = [node.lexpr, node.rexpr]
            case nodes.SubLink(
                sub_link_type=pg_query_pb2.EXPR_SUBLINK, subselect=nodes.SelectStmt() as select
            ):
                parts = [_target(select)]
        return any(self._keeps(part, rows, owners_only=owners_only) for part in parts)

    def _says_who(self, node: AstNode | None) -> bool:
        """Whether a value depends on who is there, and on no row."""
        return self._names_who(node) and not any(self._columns(node))

    def _names_who(self, node: AstNode | None) -> bool:
        for part in _walk(node):
            if isinstance(part, nodes.SQLValueFunction) and part.op in _WHO_BY_WORD:
                return True
            if isinstance(part, nodes.FuncCall) and self._may_say_who(part):
                return True
        return False

    def _may_say_who(self, node: nodes.FuncCall) -> bool:
        names = _names(node.funcname)
        return ".".join(names) in self.functions or (
            names[-1] in _WHO and names[:-1] in ([], ["pg_catalog"])
        )

    def _columns(self, node: AstNode | None) -> Iterator[tuple[str, ...]]:
        """The columns of a value; not those of a query whose rows depend on who is there."""
        if isinstance(node, nodes.ColumnRef):
            yield _column(node)
        elif isinstance(node, nodes.SelectStmt) and self._query(node, _NO_ROWS).says_who:
            return
        elif node is not None:
            for child in _children(node):
                yield from self._columns(child)


@dataclass(frozen=True)
class _Query:
    """What holds the rows of a query, and what it selects of them.

    `is_of_row` says that it is held to the row at hand, `shows_of_row` that what it selects is,
    and `says_who` that what it selects depends on who is there.
    """

    is_understood: bool = True
    says_who: bool = False
    is_of_row: bool = False
    shows_of_row: bool = False
    is_of_row_and_says_who: bool = False


_NO_ROWS = Rows()


def _all(parts: Iterable[Asks]) -> Asks:
    held = {part for part in parts if part is not Asks.TRUE}
    for strongest in (Asks.FALSE, Asks.WALLS, Asks.UNTOLD):
        if strongest in held:
            return strongest
    if not held:
        return Asks.TRUE
    return held.pop() if len(held) == 1 else Asks.ROWS


def _any(parts: Iterable[Asks]) -> Asks:
    held = {part for part in parts if part is not Asks.FALSE}
    if not held:
        return Asks.FALSE
    if Asks.TRUE in held:
        return Asks.TRUE
    if len(held) == 1:
        return held.pop()
    if not held & {Asks.WALLS, Asks.UNTOLD} or Asks.UNSET in held:
        return Asks.ROWS
    return Asks.UNTOLD if held & {Asks.UNTOLD, Asks.ROWS} else Asks.WALLS


class _Joined:
    """Which relations of a query hold each other's rows."""

    def __init__(self) -> None:
        self._groups: list[set[str]] = []

    def together(self, aliases: Collection[str]) -> None:
        touched = [group for group in self._groups if group & set(aliases)]
        rest = [group for group in self._groups if not group & set(aliases)]
        self._groups = [*rest, set(aliases).union(*touched)]

    def any_together(self, some: Collection[str], others: Collection[str]) -> bool:
        """Whether one of each holds the other's rows, or is it."""
        return bool({*some} & {*others}) or any(
            group & {*some} and group & {*others} for group in self._groups
        )


def _children(node: AstNode) -> Iterator[AstNode]:
    for name in getattr(node, "__match_args__", ()):
        value = getattr(node, name)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, AstNode):
                yield child


def _walk(node: AstNode | None) -> Iterator[AstNode]:
    return (part for _, part in postgast.walk_typed(node)) if node else iter(())


def _target(select: nodes.SelectStmt) -> AstNode | None:
    """The first of what a query selects, if it selects anything."""
    first = select.target_list[0] if select.target_list else None
    return first.val if isinstance(first, nodes.ResTarget) else None


def _names(parts: Iterable[AstNode]) -> list[str]:
    return [part.sval for part in parts if isinstance(part, nodes.String)]


def _column(node: nodes.ColumnRef) -> tuple[str, ...]:
    return tuple(_names(node.fields)) or ("*",)


def _queries(node: AstNode | None) -> bool:
    return any(isinstance(part, nodes.SelectStmt) and part.from_clause for part in _walk(node))


def _is_plain(select: nodes.SelectStmt) -> bool:
    """Whether it has the rows of its relations that its conditions let through."""
    return select.op == pg_query_pb2.SETOP_NONE and not (
        select.with_clause or select.group_clause or select.having_clause or select.values_lists
    )


def _aggregates(select: nodes.SelectStmt) -> bool:
    return any(
        isinstance(part, nodes.FuncCall)
        and (part.agg_star or _names(part.funcname)[-1] in _AGGREGATES)
        for target in select.target_list
        for part in _walk(target)
    )


def _inner_joins(relations: Iterable[AstNode | None]) -> Iterator[nodes.JoinExpr]:
    for relation in relations:
        if isinstance(relation, nodes.JoinExpr) and relation.jointype == pg_query_pb2.JOIN_INNER:
            yield relation
            yield from _inner_joins([relation.larg, relation.rarg])


def _relations(relations: Iterable[AstNode | None]) -> Iterator[AstNode]:
    for relation in relations:
        if isinstance(relation, nodes.JoinExpr):
            yield from _relations([relation.larg, relation.rarg])
        elif relation is not None:
            yield relation


def _alias(relation: AstNode) -> str:
    match relation:
        case nodes.RangeVar(alias=None):
            return relation.relname
        case nodes.RangeVar() | nodes.RangeFunction() | nodes.RangeSubselect() if relation.alias:
            return relation.alias.aliasname
    return ""


def _used(relations: Iterable[AstNode]) -> Iterator[set[str]]:
    """The aliases that are joined by columns of one name."""
    for join in _inner_joins(relations):
        if join.using_clause:
            yield {_alias(relation) for relation in _relations([join])}


def _conditions(select: nodes.SelectStmt) -> Iterator[AstNode]:
    """What each row of the query fulfils: not what an outer join asks."""
    held = [select.where_clause, *(join.quals for join in _inner_joins(select.from_clause))]
    while held:
        condition = held.pop()
        if isinstance(condition, nodes.BoolExpr) and condition.boolop == pg_query_pb2.AND_EXPR:
            held += condition.args
        elif condition is not None:
            yield condition


def _is_equality(node: AstNode) -> TypeGuard[nodes.A_Expr]:
    return (
        isinstance(node, nodes.A_Expr)
        and node.kind in (pg_query_pb2.AEXPR_OP, pg_query_pb2.AEXPR_OP_ANY)
        and _names(node.name)[-1] == "="
    )
