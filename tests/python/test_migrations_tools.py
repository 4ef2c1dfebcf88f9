"""Each tool's folder is told by what the tool leaves, and read in the tool's own order."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from test_migrations import write

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import MigrationTree
from counterfoil.contract.layouts import Layout
from counterfoil.migrations.detection import detect, search
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.facts import Facts
from counterfoil.migrations.scripts import Script
from counterfoil.migrations.tools import TOOLS

UP, DOWN = "create table {0} (id integer);\n", "drop table {0};\n"
A, B = UP.format("a"), UP.format("b")
NO_A, NO_B = DOWN.format("a"), DOWN.format("b")

# By tool a folder of two migrations, the second of which is applied last by its rules alone.
TREES: dict[Layout, dict[str, str]] = {
    "numbered": {
        "001_a.sql": A,
        "001_a_rollback.sql": NO_A,
        "002_b.sql": B,
        "002_b_rollback.sql": NO_B,
    },
    "supabase": {"20250101000000_a.sql": A, "20250102000000_b.sql": B},
    "prisma": {
        "migration_lock.toml": 'provider = "postgresql"',
        "0_init/migration.sql": A,
        "20250102000000_b/migration.sql": B,
    },
    "drizzle": {
        "meta/_journal.json": '{"entries": [{"idx": 0, "tag": "b"}, {"idx": 1, "tag": "a"}]}',
        "b.sql": A,
        "a.sql": B,
    },
    "sqlx": {
        "Cargo.toml": '[dependencies]\nsqlx = "0.8"\n',
        "20250101000000_a.up.sql": A,
        "20250101000000_a.down.sql": NO_A,
        "20250102000000_b.up.sql": B,
        "20250102000000_b.down.sql": NO_B,
    },
    "golang-migrate": {
        "9_a.up.sql": A,
        "9_a.down.sql": NO_A,
        "10_b.up.sql": B,
        "10_b.down.sql": NO_B,
    },
    "diesel": {
        "2025-01-01-000000_a/up.sql": A,
        "2025-01-01-000000_a/down.sql": NO_A,
        "2025-01-02-000000_b/up.sql": B,
        "2025-01-02-000000_b/down.sql": NO_B,
    },
    "dbmate": {
        "20250101000000_a.sql": f"-- migrate:up\n{A}-- migrate:down\n{NO_A}",
        "20250102000000_b.sql": f"-- migrate:up\n{B}-- migrate:down\n{NO_B}",
    },
    "goose": {
        "9_a.sql": f"-- +goose Up\n{A}-- +goose Down\n{NO_A}",
        "10_b.sql": f"-- +goose Up\n{B}-- +goose Down\n{NO_B}",
    },
    "sql-migrate": {
        "9_a.sql": f"-- +migrate Up\n{A}-- +migrate Down\n{NO_A}",
        "10_b.sql": f"-- +migrate Up\n{B}-- +migrate Down\n{NO_B}",
    },
    "node-pg-migrate": {
        "1700000000000_a.sql": f"-- Up Migration\n{A}-- Down Migration\n{NO_A}",
        "1700000000001_b.sql": f"-- Up Migration\n{B}-- Down Migration\n{NO_B}",
    },
    "tern": {
        "9_a.sql": f"{A}---- create above / drop below ----\n{NO_A}",
        "10_b.sql": f"{B}---- create above / drop below ----\n{NO_B}",
    },
    "play": {
        "9.sql": f"# Tables\n# --- !Ups\n{A}# --- !Downs\n{NO_A}",
        "10.sql": f"-- !Ups\n{B}-- !Downs\n{NO_B}",
    },
    "liquibase": {
        "a.sql": f"--liquibase formatted sql\n--changeset me:1\n{A}--rollback {NO_A}",
        "b.sql": f"--liquibase formatted sql\n--changeset me:2\n{B}--rollback {NO_B}",
    },
    "sqitch": {
        "sqitch.plan": "%project=x\n\nz 2025-01-01T00:00:00Z me <me> # one\n@v1 2025 me <me>\n"
        "b [z] 2025-01-02T00:00:00Z me <me> # two\n",
        "deploy/z.sql": f"begin;\n{A}commit;",
        "revert/z.sql": NO_A,
        "verify/z.sql": "select id from a;",
        "deploy/b.sql": B,
        "revert/b.sql": NO_B,
    },
    "atlas": {"atlas.sum": "h1:x", "20250101000000_a.sql": A, "20250102000000.sql": B},
    "flyway": {
        "V9__a.sql": A,
        "V10__b.sql": B,
        "afterMigrate.sql": "analyze",
        "beforeMigrate__x.sql": "analyze",
        "V10__b.sql.conf": "executeInTransaction=false",
    },
    "alembic": {
        "z.py": "revision = 'z'\ndown_revision = None\n"
        "def upgrade():\n    op.create_table('a')\ndef downgrade():\n    op.drop_table('a')",
        "b.py": "revision = 'b'\ndown_revision = 'z'\n"
        "def upgrade():\n    op.create_table('b')\ndef downgrade():\n    op.drop_table('b')",
    },
}


def read(folder: Path) -> Facts:
    return read_trees({"app": MigrationTree(folder=".")}, folder)


def sent(scripts: list[Script]) -> list[str]:
    """The names of the tables that are created or dropped, in order."""
    return [
        found[1]
        for script in scripts
        for piece in script.pieces
        if (found := re.match(r"(?:create|drop) table (\w+)", piece.sql, re.IGNORECASE))
    ]


def test_every_tool_has_a_tree() -> None:
    assert TREES.keys() == TOOLS.keys()


@pytest.mark.parametrize("layout", TREES)
def test_a_tree_is_told_and_read_in_its_order(layout: Layout, tmp_path: Path) -> None:
    write(tmp_path, TREES[layout])
    assert detect(tmp_path) == layout
    facts = read(tmp_path)
    assert sent(facts.scripts["app"].forward) == ["a", "b"]
    wanted = TOOLS[layout].rollbacks
    goes_back = wanted == "wanted" or layout in ("numbered", "sqlx", "liquibase")
    assert sent(facts.scripts["app"].back) == (["b", "a"] if goes_back else [])
    assert facts.trees[0].wants_rollbacks is goes_back
    assert [file.file for file in facts.files if file.fault] == []
    assert facts.parse_faults == []


@pytest.mark.parametrize(
    ("odd", "layout"),
    [
        ({"20250103000000_c.sql": "select 1", "20250104000000_d.sql": "select 1"}, "goose"),
        ({"V1__x.sql": "select 1"}, "goose"),
        ({"seed.sql": "select 1"}, "goose"),
    ],
)
def test_one_odd_file_decides_nothing(
    odd: Mapping[str, str], layout: Layout, tmp_path: Path
) -> None:
    many = {f"{n}_x.sql": f"-- +goose Up\n{UP.format(f't{n}')}" for n in range(5)}
    write(tmp_path, many | odd)
    assert detect(tmp_path) == layout


@pytest.mark.parametrize(
    "odd", [{"seed.sql": "select 1"}, {"00001_first.sql": "select 1"}, {"fix-me.sql": "select 1"}]
)
def test_supabase_stays_supabase(odd: Mapping[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "supabase" / "migrations"
    write(folder, TREES["supabase"] | odd)
    write(tmp_path, {"supabase/config.toml": ""})
    assert detect(folder) == "supabase"
    write(tmp_path / "elsewhere", TREES["supabase"] | odd)
    assert detect(tmp_path / "elsewhere") == "supabase"


def test_time_stamps_with_two_ways_are_not_supabases(tmp_path: Path) -> None:
    write(tmp_path, {f"20250101000000_a.{way}.sql": A for way in ("up", "down")})
    assert detect(tmp_path) == "golang-migrate"


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        (["2025_01_31_120000_a", "2025_02_01_120000_b"], ["2025.1.31.120000", "2025.2.1.120000"]),
        (["20250131_120000_a", "20250131_120001_b"], ["20250131.120000", "20250131.120001"]),
        (["03.00.00_01_a", "03.00.00_50_b"], ["3.0.0.1", "3.0.0.50"]),
        (["001_2fa", "002_10_users"], ["1", "2.10"]),
    ],
)
def test_a_version_of_several_parts(names: list[str], versions: list[str], tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.sql": "select 1;" for name in names})
    assert [file.version for file in read(tmp_path).files] == versions


def test_an_argument_makes_no_revision(tmp_path: Path) -> None:
    write(tmp_path, {"a/load.py": "def load(\n    revision=None,\n):\n    revision = 1\n"})
    write(tmp_path, {"c/version.py": "revision = '1.2'\n"})
    write(tmp_path, {"b/versions/x.py": "revision: str = 'x'\ndown_revision = None\n"})
    assert [path.name for path in search(tmp_path)[0]] == ["versions"]


def test_a_folder_of_diesels_is_a_version_with_all_its_digits(tmp_path: Path) -> None:
    folders = ("20250101000000_a", A, NO_A), ("20250102000000_b", B, NO_B)
    for folder, up, down in folders:
        write(tmp_path, {f"{folder}/up.sql": up, f"{folder}/down.sql": down})
    assert detect(tmp_path) == "diesel"
    facts = read(tmp_path)
    assert {file.version for file in facts.files} == {"20250101000000", "20250102000000"}
    assert sent(facts.scripts["app"].back) == ["b", "a"]


def test_what_goes_by_no_sql_is_unknown_and_no_fault(tmp_path: Path) -> None:
    write(tmp_path, TREES["goose"] | {"00011_c.go": "package m", "main_test.go": "package m"})
    facts = read(tmp_path)
    assert [(row.file, row.problem, row.is_unknown) for row in facts.parse_faults] == [
        ("00011_c.go", "a migration in Go", True)
    ]
    assert [file.file for file in facts.files if file.fault] == []


def test_a_plan_names_a_lost_script(tmp_path: Path) -> None:
    write(tmp_path, TREES["sqitch"])
    (tmp_path / "deploy" / "b.sql").unlink()
    assert [(file.file, file.fault) for file in read(tmp_path).files if file.fault] == [
        ("deploy/b.sql", "sqitch.plan names it, and it is not there")
    ]


def test_trees_are_found_below_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "web" / "drizzle", {"meta/_journal.json": "{}", "0000_a.sql": "select 1"})
    write(tmp_path / "api" / "alembic", {"env.py": "", "versions/a.py": "revision = 'a'"})
    write(tmp_path / "supabase" / "migrations", TREES["supabase"])
    write(tmp_path / "node_modules" / "x", TREES["supabase"])
    write(tmp_path / "db" / "mysql", TREES["golang-migrate"])
    write(tmp_path, {"schema.sql": "create table a ();", "setup.py": "x = 1"})
    found, left_out = search(tmp_path)
    assert {path.relative_to(tmp_path).as_posix(): layout for path, layout in found.items()} == {
        "api/alembic/versions": "alembic",
        "supabase/migrations": "supabase",
        "web/drizzle": "drizzle",
    }
    assert [(left.folder, left.file_count, left.is_other_database) for left in left_out] == [
        ("db/mysql", 4, True)
    ]


NOT_SUPPORTED = {
    "Django": ("0001_initial.py", "class Migration(migrations.Migration): pass"),
    "Rails": ("20250101000000_add_a.rb", "class AddA"),
    "Laravel": ("2025_01_01_000000_add_a.php", "<?php"),
    "Doctrine": ("Version20250101000000.php", "<?php"),
    "Ecto": ("20250101000000_add_a.exs", "defmodule A"),
    "Entity Framework": ("20250101000000_AddA.cs", "protected void Up(MigrationBuilder m)"),
    "JavaScript": ("1700000000000-AddA.ts", "async up(q) {}"),
    "Liquibase in XML": ("db.changelog-master.xml", "<databaseChangeLog>"),
    "goose in Go": ("00001_a.go", "func init() { goose.AddMigrationContext(up, down) }"),
}


@pytest.mark.parametrize("tool", NOT_SUPPORTED)
def test_what_is_not_supported_is_named(tool: str, tmp_path: Path) -> None:
    name, text = NOT_SUPPORTED[tool]
    write(tmp_path, {f"shop/migrations/{name}": text} | {"db/a/1_a.up.sql": A})
    found, left_out = search(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["db/a"]
    assert [(left.folder, left.is_other_database) for left in left_out] == [
        ("shop/migrations", False)
    ]
    assert tool in left_out[0].tool
    with pytest.raises(MigrationsError, match=f"not supported: 1 files of .*{tool}"):
        read_trees({"app": MigrationTree(folder="shop")}, tmp_path)
