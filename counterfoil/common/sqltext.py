"""Names, values and remarks as they have to be written in SQL, to be run or to be read."""

import re
from decimal import Decimal

_PLAIN = re.compile("[a-z_][a-z0-9_]*")
# Words that no name can be without quotes in every place: those that PostgreSQL 18 does not
# call unreserved (`select word from pg_get_keywords() where catcode <> 'U'`).
_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary
    bit boolean both case cast char character check coalesce collate collation column
    concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user dec decimal default
    deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int
    integer intersect interval into is isnull join json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national
    natural nchar none normalize not notnull null nullif numeric offset on only or order out
    outer overlaps overlay placing position precision primary real references returning
    right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with xmlattributes
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
"""
_KEYWORDS = frozenset(_WORDS.split())


def identifier(*names: str) -> str:
    """A name, or a qualified one from its parts, quoted where Postgres needs quotes."""
    return ".".join(
        name if _PLAIN.fullmatch(name) and name not in _KEYWORDS else quoted(name) for name in names
    )


def quoted(name: str) -> str:
    """A name in quotes, whether or not it needs them."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | Decimal | None) -> str:
    """A value as SQL on one line, whatever text it holds and however the server reads it."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        # Not all of them are numbers where they stand alone: NaN is a column.
        return f"'{value}'"
    doubled = value.replace("'", "''")
    if value.isprintable() and "\\" not in value:
        return f"'{doubled}'"
    return f"E'{''.join(map(_escaped, doubled))}'"


def comment(text: str | None) -> str:
    """Text that stays in its comment: no line, no block and no reader's eye is led out of it."""
    if text is None:
        return "unknown"
    visible = "".join(
        character if character.isprintable() else _escaped(character) for character in text
    )
    return visible.replace("*/", "* /").replace("/*", "/ *")


def _escaped(character: str) -> str:
    if character == "\\":
        return r"\\"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
