"""Folders that no tool wrote, and files that are no migrations: a finding, unknown or a line."""

import os
import sys
import time
from pathlib import Path

import pytest
from test_migrations import Judge, judge, keys, messages, not_judged, server, write

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.textfile import MOST_BYTES

__all__ = ["judge", "server"]

FIRST = {"20250101000000_a.sql": "create table a (id integer primary key);"}
SECOND = "20250102000000_b.sql"
NEEDS_B = {"20250103000000_c.sql": "alter table b add column x text;"}


def read(path: Path, **tree: object) -> object:
    return read_trees({"app": MigrationTree.model_validate({"folder": "."} | tree)}, path)


def test_a_binary_file_is_a_fault_and_what_it_did_is_unknown(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FIRST | NEEDS_B)
    (tmp_path / SECOND).write_bytes(b"\x7fELF\0\0\0\1")
    judged = judge(tmp_path)
    assert keys(judged.audit) == {"migrations.parse": [{"file": SECOND}]}
    assert "binary, not text" in messages(judged)[0]
    assert not_judged(judged.audit) == {"migrations.rehearsal"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_a_fault(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (tmp_path / SECOND).touch(mode=0)
    assert keys(judge(tmp_path).audit) == {"migrations.parse": [{"file": SECOND}]}


@pytest.mark.parametrize(
    "raw",
    [
        "create table b (id integer, ä text);".encode("utf-8-sig"),
        "create table b (id integer, ä text);".encode("utf-16"),
        "create table b (id integer, ä text);".encode("latin-1"),
        b"-- one\r\n-- two\r\ncreate table b (id integer);\r\n",
        b"-- one\r-- two\rcreate table b (id integer);\r",
    ],
    ids=["bom", "utf-16", "latin-1", "crlf", "cr"],
)
def test_text_is_read_however_it_is_written(raw: bytes, judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FIRST | NEEDS_B)
    (tmp_path / SECOND).write_bytes(raw)
    judged = judge(tmp_path)
    assert judged.audit.status == "passed", messages(judged)


def test_a_huge_file_is_not_read_and_is_unknown(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FIRST | NEEDS_B)
    with (tmp_path / SECOND).open("wb") as stream:
        stream.truncate(100 * 2**20)
    began = time.monotonic()
    judged = judge(tmp_path)
    assert keys(judged.audit) == {}
    assert not_judged(judged.audit) == {"migrations.rehearsal"}
    assert time.monotonic() - began < 20
    assert MOST_BYTES < 100 * 2**20


def test_nobody_walks_a_loop_of_links(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / SECOND).symlink_to(tmp_path / SECOND)
    judged = judge(tmp_path)
    assert keys(judged.audit) == {"migrations.parse": [{"file": SECOND}]}
    assert "not a regular file" in messages(judged)[0]


@pytest.mark.parametrize("layout", ["auto", "numbered", "flyway", "drizzle", "alembic"])
def test_an_empty_folder_is_an_error(layout: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationsError, match=r"no .*migrations"):
        read(tmp_path, layout=layout)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MigrationsError, match=r"no such folder\. Check the path"):
        read(tmp_path, folder="nowhere")
    write(tmp_path, FIRST)
    with pytest.raises(MigrationsError, match="no such folder of models"):
        read(tmp_path, models="nowhere")


@pytest.mark.parametrize("baseline", ["20240101000000", "latest"])
def test_a_baseline_that_covers_nothing_is_an_error(baseline: str, tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    with pytest.raises(MigrationsError, match=f"as old as the baseline '{baseline}'"):
        read(tmp_path, baseline=baseline)


@pytest.mark.parametrize("journal", ["", "[]", '{"entries": 1}', '{"entries": [{"idx": "x"}]}'])
def test_a_broken_journal_is_a_fault(journal: str, judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, {"meta/_journal.json": journal, "0000_a.sql": "create table a (id integer);"})
    judged = judge(tmp_path)
    assert keys(judged.audit) == {"migrations.parse": [{"file": "meta/_journal.json"}]}


def test_a_journal_that_names_a_lost_file(judge: Judge, tmp_path: Path) -> None:
    entries = '{"idx": 0, "tag": "0000_a"}, {"idx": 1, "tag": "0001_b"}'
    write(tmp_path, {"meta/_journal.json": f'{{"entries": [{entries}]}}', "0000_a.sql": "select 1"})
    judged = judge(tmp_path)
    assert keys(judged.audit) == {"migrations.versions_well_formed": [{"file": "0001_b.sql"}]}


NO_PYTHON = {"migrations.parse": [{"file": "b.py"}]}
NO_WAY_BACK = {"migrations.rollback_present": [{"version": "b", "file": "b.py"}]}
TWO_HEADS = {"migrations.single_head": [{"revision": "a"}, {"revision": "b"}]}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("(" * 5_000, NO_PYTHON),
        ("revision = 'a'\x00", NO_PYTHON),
        (
            "revision = 'b'\ndef upgrade():\n    op.execute('\ud83d' + '\\ud800')",
            NO_PYTHON | TWO_HEADS,
        ),
        ("revision = 'b'\ndown_revision = 'a'\ndef upgrade(): upgrade()", {}),
        (
            "revision = 'b'\ndown_revision = 'a'\ndef f(): g()\ndef g(): f()\ndef upgrade(): f()",
            {},
        ),
        (
            "revision = 'b'\ndown_revision = 'a'\nx = 'x' * 10 ** 9\ndef upgrade(): op.execute(x)",
            NO_WAY_BACK,
        ),
        (
            "revision = 'b'\ndown_revision = 'a'\ndef upgrade():\n    op.create_table()",
            NO_WAY_BACK,
        ),
        ("revision = 'b'\ndown_revision = 'a'\nx = sa.Column.__init__.__globals__", {}),
        (
            "revision = 'b'\ndown_revision = 'a'\nx = sa.create_engine('postgresql://x').connect()",
            {},
        ),
    ],
)
def test_no_python_brings_the_reader_down(
    source: str, found: dict[str, object], judge: Judge, tmp_path: Path
) -> None:
    write(tmp_path, {"a.py": "revision = 'a'\ndown_revision = None\n"})
    (tmp_path / "b.py").write_bytes(source.encode("utf-8", "surrogatepass"))
    judged = judge(tmp_path)
    unknown = {"migrations.rehearsal"} if found == NO_WAY_BACK else set()
    assert (keys(judged.audit), not_judged(judged.audit) - unknown) == (found, set())
    assert found != NO_WAY_BACK or unknown <= not_judged(judged.audit)


NO_SQL = {"migrations.parse": [{"file": SECOND}]}
REFUSED = {"migrations.rehearsal": [{"file": SECOND, "line": "1"}]}
NO_B = {
    "migrations.references_resolve": [
        {"file": "20250103000000_c.sql", "line": "1", "table_name": "b"}
    ]
}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select " + "(" * 20_000 + ")" * 20_000, NO_SQL),
        ("select 'never ends", NO_SQL),
        ("do $$ this is not plpgsql $$;", REFUSED),
        ("do language plpython3u $$ import os $$;", {}),
        ("create table " + "x" * 200 + " (id integer);", NO_B),
        ("create table " + ".".join("abcd") + " (id integer);", NO_SQL),
        (";;;", NO_B),
        ("a;b c", NO_SQL),
        ("comment on column a.b is 'x'; comment on table a is null; rename", NO_SQL | REFUSED),
    ],
)
def test_no_sql_brings_the_reader_down(
    sql: str, found: dict[str, object], judge: Judge, tmp_path: Path
) -> None:
    """What is not read may make the table that the third file wants: no finding, and no pass."""
    write(tmp_path, FIRST | {SECOND: sql} | NEEDS_B)
    judged = judge(tmp_path)
    unknown = {"migrations.rehearsal"} if found in (NO_SQL, {}) else set()
    assert (keys(judged.audit), not_judged(judged.audit)) == (found, unknown), messages(judged)


MANY = 60


@pytest.mark.parametrize(
    "sql",
    [
        "create view b as select 1 as x from a"
        + "".join(f" join a as a{n} on true" for n in range(MANY)),
        "create table b as select " + " || ".join(["'ü'"] * MANY) + " as y; select 1;",
        "create table b as select 1 as y;\ninsert into a select "
        + "abs(" * MANY
        + "1"
        + ")" * MANY,
        "do $$ begin create table b as select " + " || ".join(["'x'"] * MANY) + " as y; end $$;",
    ],
)
def test_what_is_deeper_than_the_library_hands_over(sql: str, judge: Judge, tmp_path: Path) -> None:
    needs_b = {"20250103000000_c.sql": "grant select on b to public;"}
    write(tmp_path, FIRST | {SECOND: sql} | needs_b)
    judged = judge(tmp_path)
    assert judged.audit.status == "passed", messages(judged)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS refuses such names")
def test_a_name_that_is_not_text(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/20250102000000_\xff.sql"))).write_text("bogus")
    judged = judge(tmp_path)
    assert keys(judged.audit) == {"migrations.parse": [{"file": "20250102000000_?.sql"}]}


def test_a_word_at_the_end_of_a_name_makes_no_rollback(judge: Judge, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "0001_a.sql": "create table a (id integer);",
            "0001_a_rollback.sql": "drop table a;",
            "0002_drill_down.sql": "create table b (id integer);",
        },
    )
    judged = judge(tmp_path)
    assert keys(judged.audit) == {
        "migrations.rollback_present": [{"version": "2", "file": "0002_drill_down.sql"}]
    }


@pytest.mark.parametrize(
    "text", ["bogus", "bogus;", "create table b (); bogus", "bogus x; select 1"]
)
def test_no_bad_statement_is_passed_over(text: str, judge: Judge, tmp_path: Path) -> None:
    """The splitter leaves out what begins with no keyword."""
    write(tmp_path, FIRST | {SECOND: text})
    assert keys(judge(tmp_path).audit) == {"migrations.parse": [{"file": SECOND}]}
