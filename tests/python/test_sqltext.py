"""Names in SQL, against the server's own list of words."""

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import identifier, quoted


def test_what_the_server_does_not_call_unreserved_is_quoted(superuser: Connection) -> None:
    with superuser.cursor() as cursor:
        cursor.execute("select word, catcode from pg_get_keywords()")
        words = dict(cursor)
    assert len(words) > 400
    reserved = {word for word, category in words.items() if category != "U"}
    assert [word for word in reserved if identifier(word) != quoted(word)] == []
    if superuser.server_version >= 180000:
        assert {word for word in words if identifier(word) != word} == reserved


def test_a_name_of_several_parts_is_quoted_part_by_part() -> None:
    assert identifier("public", "order", "Name", "id") == 'public."order"."Name".id'
