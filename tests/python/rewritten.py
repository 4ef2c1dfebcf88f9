"""A database with the same facts, written down otherwise: its rows in another order, its ids
other ids.

What is found must not hang on either: not on the order in which a scan happens to meet rows, nor
on which of two ids is the greater.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

_COLUMNS = """
    select
        relname,
        array_agg(attname::text order by attnum),
        array_agg(format_type(atttypid, null) order by attnum),
        array_agg(
            attname ~ '(^|_)id$|Id$' or exists (
                select from pg_constraint
                where conrelid = pg_class.oid and contype in ('p', 'f') and attnum = any(conkey)
            )
            order by attnum
        )
    from pg_class
    join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where relkind = 'r' and relnamespace = 'public'::regnamespace
    group by relname
    order by relname
"""
_IN_JSON = """
    (
        select jsonb_object_agg(
            key,
            coalesce(
                case when jsonb_typeof(value) = 'string' then (
                    select to_jsonb(new) from renamed_ids where old = value #>> '{{}}'
                ) end,
                value
            )
        )
        from jsonb_each({column})
    )
"""
_KINDS = {"smallint": "number", "integer": "number", "bigint": "number", "uuid": "uuid"}


@dataclass(frozen=True)
class Renaming:
    """What each id is called now: the least of its kind as the greatest was, and so on.

    Attributes:
        new: by what it was called.
    """

    new: Mapping[str, str]

    def key(self, key: Mapping[str, str | None]) -> dict[str, str | None]:
        """A finding's key with the ids in it renamed, those in a JSON array as well."""
        return {name: None if value is None else self.text(value) for name, value in key.items()}

    def text(self, value: str) -> str:
        """An id, or a JSON array of ids, renamed; anything else as it is."""
        if value in self.new or not value.startswith("["):
            return self.new.get(value, value)
        return json.dumps([self._part(part) for part in json.loads(value)], ensure_ascii=False)

    def _part(self, part: Any) -> Any:
        if part is None:
            return None
        new = self.new.get(str(part), str(part))
        return int(new) if isinstance(part, int) else new


def rewrite(cursor: Cursor) -> Renaming:
    """Writes every row of schema public anew, in random order and with other ids.

    An id is a value of a key, of a reference, or of a column that is called like one. The same
    value is renamed to the same value everywhere.
    """
    cursor.execute(_COLUMNS)
    tables = cursor.fetchall()
    found: dict[str, set[str]] = {kind: set() for kind in ("number", "uuid", "text")}
    for table, columns, types, are_ids in tables:
        for column, type_, is_id in zip(columns, types, are_ids, strict=True):
            if is_id:
                cursor.execute(
                    sql.SQL("select distinct {0}::text from {1} where {0} is not null").format(
                        sql.Identifier(column), sql.Identifier("public", table)
                    )
                )
                found[_KINDS.get(type_, "text")].update(value for (value,) in cursor)
    renaming = Renaming(
        _reversed(sorted(found["number"], key=int))
        | _reversed(sorted(found["uuid"]))
        | _reversed(sorted(found["text"]))
    )

    cursor.execute("set local session_replication_role = replica; select setseed(0.5)")
    cursor.execute("create temporary table renamed_ids (old text primary key, new text not null)")
    for pair in renaming.new.items():
        cursor.execute("insert into renamed_ids values (%s, %s)", pair)
    for table, columns, types, are_ids in tables:
        values = [
            sql.SQL("{} as {}").format(_value(column, type_, is_id), sql.Identifier(column))
            for column, type_, is_id in zip(columns, types, are_ids, strict=True)
        ]
        cursor.execute(
            sql.SQL(
                "create temporary table copied as select {values} from {table} order by random();"
                "delete from {table};"
                "insert into {table} overriding system value select * from copied;"
                "drop table copied"
            ).format(values=sql.SQL(", ").join(values), table=sql.Identifier("public", table))
        )
    cursor.execute("drop table renamed_ids; set local session_replication_role = origin")
    return renaming


def _value(column: str, type_: str, is_id: bool) -> sql.Composable:
    name = sql.Identifier(column)
    if is_id:
        return sql.SQL("(select new from renamed_ids where old = {}::text)::{}").format(
            name, sql.SQL(type_)
        )
    if type_ == "jsonb":
        return sql.SQL(_IN_JSON).format(column=name)
    return name


def _reversed(values: Iterable[str]) -> dict[str, str]:
    ordered = [*values]
    return dict(zip(ordered, reversed(ordered), strict=True))
