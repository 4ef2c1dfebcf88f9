"""Values as types, encodings and zones have them: what is in a range, what is blank, how old."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import closing

import psycopg2
import pytest
from applications import application
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_values

# By column: what is outside its range, and what is inside.
VALUES = {
    "pressure": (("NaN", "Infinity", "-Infinity", "-0.5", "1001"), ("0", "1000", "1e-300")),
    "dose": (("NaN", "0.09", "0.11"), ("0.1",)),
    "volume": (("NaN", "Infinity", "-1e-30"), ("0", "1e100")),
    "fee": (("0.49", "1000000.26", "-1"), ("0.5", "1000000.25")),
    "used": (("NaN", "Infinity", "1.1"), ("0", "1")),
}

# Characters that a remark may consist of and still say something: U+00C2 U+00A0 is what the
# bytes of a no-break space are to a reader of LATIN1.
SHOWN = ("x", " x ", "\u00a0x", "0", "\u00c2\u00a0", "\u00e0", "\u20ac", "\u2013", "\u0600")
# What Unicode calls a space, a separator or a format, but for the signs that are shown.
SIGNS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, *range(0xFFF9, 0xFFFC)}
INVISIBLE = [
    chr(point)
    for point in {*range(1, 0x10000)} - SIGNS
    if unicodedata.category(chr(point)) in ("Zs", "Zl", "Zp", "Cf")
    or chr(point) in "\t\n\v\f\r\x85\u115f\u2800\u3164\ufe0f"
]


@pytest.fixture(scope="module", params=("UTF8", "SQL_ASCII", "LATIN1"))
def plant(
    request: pytest.FixtureRequest, shared: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """A plant's database in one of the encodings, its views built."""
    server = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    folder = tmp_path_factory.mktemp("plant")
    with application(server, "plant", folder, encoding=request.param) as database:
        with closing(psycopg2.connect(**database.plan.session.builder.libpq)) as connection:
            connection.set_client_encoding("UTF8")
            yield connection


@pytest.fixture
def cursor(plant: Connection) -> Iterator[Cursor]:
    """A transaction in it, rolled back."""
    with plant.cursor() as cursor:
        yield cursor
    plant.rollback()


@pytest.mark.parametrize("column", VALUES)
def test_a_range_is_of_the_columns_type(cursor: Cursor, column: str) -> None:
    outside, inside = VALUES[column]
    for value in (*outside, *inside):
        cursor.execute(f"update readings set {column} = '{value}'")
        cursor.execute(
            "select sum(invalid_row_count) > 0 from counterfoil.validity where column_name = %s",
            (column,),
        )
        assert cursor.fetchone() == (value in outside,), value


def test_what_shows_nothing_is_blank(plant: Connection, cursor: Cursor) -> None:
    """Each invisible character that the encoding has, alone and between spaces; all of them."""
    codec = {"LATIN1": "latin-1"}.get(plant.info.parameter_status("server_encoding") or "", "utf-8")

    def kept(texts: Iterable[str]) -> list[str]:
        return [text for text in texts if text.encode(codec, "ignore").decode(codec) == text]

    invisible = kept(INVISIBLE)
    blank = ["", *invisible, *(f" {one}\t" for one in invisible), "".join(invisible)]
    texts = [*blank, *kept(SHOWN)]
    cursor.execute("delete from readings")
    execute_values(cursor, "insert into readings (id, remark) values %s", list(enumerate(texts)))
    cursor.execute("select row_id::int from counterfoil.incomplete_rows")
    assert {repr(texts[number]) for (number,) in cursor} == set(map(repr, blank))
    assert len(invisible) > (2 if codec == "latin-1" else 50)


CLOCKS = ("in_tokyo", "in_new_york", "in_seconds", "in_milliseconds", "as_float")
OLDEST = {
    "in_tokyo": "'-infinity'",
    "in_new_york": "'infinity'",
    "by_day": "'infinity'",
    "in_seconds": "-1",
    "in_milliseconds": "9223372036854775807",
    "as_float": "'NaN'",
}


@pytest.mark.parametrize("session", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_no_session_decides_how_old_a_table_is(cursor: Cursor, session: str) -> None:
    """A live one in New York is not stale, and one that died an hour ago in Tokyo is."""
    cursor.execute(f"set timezone to '{session}'")
    ages = {}
    for now in ("2025-10-30 04:59:59Z", "2025-10-30 06:00:00Z", "2025-10-30 06:00:01Z"):
        cursor.execute(f"set local counterfoil.as_of to '{now}'")
        cursor.execute("select table_name, age_seconds, is_stale from counterfoil.source_tables")
        ages[now[11:19]] = {name: (age, stale) for name, age, stale in cursor}
    for table in CLOCKS:
        # A second before it was written it is of the future, and counts for nothing.
        assert ages["04:59:59"][table] == (None, True), table
        assert ages["06:00:00"][table] == (3600, False), table
        assert ages["06:00:01"][table] == (3601, True), table
    # A day counts from its start in Tokyo, which was at 15:00 UTC.
    assert ages["06:00:00"]["by_day"] == (15 * 3600, False)
    for table, value in OLDEST.items():
        cursor.execute(f"update {table} set at = {value}")
    cursor.execute("select table_name, newest_row_at, is_stale from counterfoil.source_tables")
    assert {(newest, stale) for name, newest, stale in cursor if name in OLDEST} == {(None, True)}
