"""What Postgres says of an error, and what of it may leave the machine."""

from collections.abc import Iterator

import psycopg2
import pytest
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.postgres.words import words_of


@pytest.fixture
def asked(overnight: Database) -> Iterator[Connection]:
    connection = psycopg2.connect(overnight.url)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("select 'Zoe'::date", "invalid datetime format (22007)"),
        ("select 'Zoe'::int", "invalid text representation (22P02)"),
        ("select 'Zoe 99999999999'::numeric(3)", "invalid text representation (22P02)"),
        ("select 1 / 0", "division by zero (22012)"),
        ("do $$ begin raise 'Zoe' using hint = 'Zoe'; end $$", "raise exception (P0001)"),
        ("do $$ begin raise 'Zoe' using errcode = 'ZOE01'; end $$", "an error (ZOE01)"),
        ("do $$ begin assert false, 'Zoe'; end $$", "assert failure (P0004)"),
        ("select '1'::jsonb::date", "cannot cast type jsonb to date"),
        ("select * from somewhere", 'relation "somewhere" does not exist'),
        ("select set_config('work_mem', '-1', false)", "invalid parameter value (22023)"),
    ],
)
def test_names_are_told_and_values_are_not(asked: Connection, statement: str, says: str) -> None:
    with pytest.raises(psycopg2.Error) as refused, asked.cursor() as cursor:
        cursor.execute(statement)
    said = words_of(refused.value)
    assert said == says
    assert "Zoe" not in said
