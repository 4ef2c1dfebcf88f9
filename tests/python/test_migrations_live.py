"""Files against the database that they are applied to, whatever tool keeps the record."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
import yaml
from conftest import Database
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from test_migrations import keys, not_judged, write

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.errors import DemoError, MigrationsError
from counterfoil.common.settings import Settings
from counterfoil.migrations import demands, rehearsal
from counterfoil.migrations.deployment import load_migrations
from counterfoil.migrations.facts import MadeColumn, Refused, Relation, Tree
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot

ONE, TWO = "create table {0}.one (id integer);", "create table {0}.two (id integer);"


def revision(name: str, parent: str | None, table: str) -> str:
    return (
        f"revision = {name!r}\ndown_revision = {parent!r}\n"
        f"def upgrade():\n    op.create_table({table!r}, schema='alembic')\n"
        f"def downgrade():\n    op.drop_table({table!r}, schema='alembic')\n"
    )


JOURNAL = (
    '{"entries": [{"idx": 0, "tag": "0000_a", "when": 1000},'
    ' {"idx": 1, "tag": "0001_b", "when": 1001}]}'
)
ALEMBIC = {"alembic/a.py": revision("a", None, "one"), "alembic/b.py": revision("b", "a", "two")}
FOLDERS = {
    **ALEMBIC,
    "flyway/V01__a.sql": ONE.format("flyway"),
    "flyway/V1.1__b.sql": TWO.format("flyway") + "\n-- ü\n",
    "drizzle/meta/_journal.json": JOURNAL,
    "drizzle/0000_a.sql": ONE.format("drizzle"),
    "drizzle/0001_b.sql": TWO.format("drizzle"),
    "supabase_migrations/20250101000000_a.sql": ONE.format("supabase_migrations"),
    "supabase_migrations/20250102000000_b.sql": TWO.format("supabase_migrations"),
    "go/000001_a.up.sql": ONE.format("go"),
    "go/000002_b.up.sql": TWO.format("go"),
    "goose/00001_a.sql": "-- +goose Up\n" + ONE.format("goose"),
    "goose/00002_b.sql": "-- +goose Up\n" + TWO.format("goose"),
    "prisma/20250101_a/migration.sql": ONE.format("prisma"),
    "prisma/20250102_b/migration.sql": TWO.format("prisma"),
    "sqlmigrate/1_a.sql": "-- +migrate Up\n" + ONE.format("sqlmigrate"),
    "sqlmigrate/2_b.sql": "-- +migrate Up\n" + TWO.format("sqlmigrate"),
}
TREES = [
    "alembic",
    "flyway",
    "drizzle",
    "supabase_migrations",
    "go",
    "goose",
    "prisma",
    "sqlmigrate",
]


def crc(text: str) -> int:
    value = 0
    for line in text.split("\n"):
        value = zlib.crc32(line.encode(), value)
    return value - 2**32 if value >= 2**31 else value


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


RECORDS = f"""
    create table alembic.alembic_version (version_num text);
    insert into alembic.alembic_version values ('b');
    create table flyway.flyway_schema_history
        (installed_rank integer, version text, checksum integer, success boolean);
    insert into flyway.flyway_schema_history values
        (1, '01', {crc(FOLDERS["flyway/V01__a.sql"])}, true),
        (2, '1.1', {crc(FOLDERS["flyway/V1.1__b.sql"])}, true), (3, null, 7, true);
    create table drizzle.__drizzle_migrations (id serial, hash text, created_at bigint);
    insert into drizzle.__drizzle_migrations (hash, created_at) values
        ('{sha(FOLDERS["drizzle/0000_a.sql"])}', 1000),
        ('{sha(FOLDERS["drizzle/0001_b.sql"])}', 1001);
    create table supabase_migrations.schema_migrations (version text, statements text[], name text);
    insert into supabase_migrations.schema_migrations (version) values
        ('20250101000000'), ('20250102000000');
    create table go.schema_migrations (version bigint, dirty boolean);
    insert into go.schema_migrations values (2, false);
    create table goose.goose_db_version (id serial, version_id bigint, is_applied boolean);
    insert into goose.goose_db_version (version_id, is_applied) values
        (0, true), (1, true), (2, true), (2, false), (2, true);
    create table prisma._prisma_migrations
        (migration_name text, finished_at timestamptz, rolled_back_at timestamptz, checksum text);
    insert into prisma._prisma_migrations values
        ('20250101_a', now(), null), ('20250102_b', now(), null), ('20250103_c', now(), now());
    create table sqlmigrate.gorp_migrations (id text, applied_at timestamptz);
    insert into sqlmigrate.gorp_migrations values ('1_a.sql', now()), ('2_b.sql', now());
"""


@dataclass(frozen=True)
class Deployed:
    """A database with eight trees applied, each in a schema of its name."""

    plan: Plan
    settings: Settings
    folder: Path
    connection: Connection

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def audit(self) -> Audit:
        load_migrations(self.plan.scope.contract, self.plan.contract_dir, self.plan.session)
        build_views(self.plan)
        with open_snapshot(self.plan.session) as snapshot:
            return audit(self.plan.scope, snapshot)


def contract(**trees: dict[str, object]) -> dict[str, object]:
    return {
        "database": "deployed",
        "schema": "public",
        "packs": ["migrations"],
        "migrations": {
            name: {"folder": name, "default_schema": name, "rollbacks": False} | more
            for name, more in trees.items()
        },
    }


@pytest.fixture(scope="module")
def deployed(overnight: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    write(folder, FOLDERS)
    given = {name: {} for name in TREES}
    # The layout of goose is that of numbered files; its record is found by its columns.
    (folder / "contract.yml").write_text(yaml.safe_dump(contract(**given)))
    profile = {"type": "postgres", "user": "postgres", "password": "", "port": 5432}
    profile |= {
        "host": overnight.plan.session.builder.host,
        "dbname": "deployed",
        "schema": "counterfoil",
    }
    outputs = {"counterfoil": {"target": "deployed", "outputs": {"deployed": profile}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(outputs))
    admin = psycopg2.connect(overnight.url)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("create database deployed")
    connection = psycopg2.connect(overnight.url.replace("/empwr", "/deployed"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name in TREES:
            cursor.execute(f"create schema {name};" + ONE.format(name) + TWO.format(name))
        cursor.execute(RECORDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        plan = make_plan("deployed", folder / "contract.yml", overnight.settings)
        yield Deployed(plan, overnight.settings, folder, connection)
    connection.close()
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL("drop database deployed with (force)"))
    admin.close()


def test_every_record_is_found(deployed: Deployed) -> None:
    found = {
        name: tree.history and (tree.history.table, tree.history.format)
        for name, tree in deployed.plan.scope.contract.migrations.items()
    }
    assert found == {
        "alembic": ("alembic_version", "alembic"),
        "flyway": ("flyway_schema_history", "flyway"),
        "drizzle": ("drizzle.__drizzle_migrations", "drizzle"),
        "supabase_migrations": ("supabase_migrations.schema_migrations", "versions"),
        "go": ("schema_migrations", "latest"),
        "goose": ("goose_db_version", "goose"),
        "prisma": ("_prisma_migrations", "prisma"),
        "sqlmigrate": ("gorp_migrations", "sql-migrate"),
    }


def test_what_is_applied_and_there_passes(deployed: Deployed) -> None:
    audit = deployed.audit()
    assert (keys(audit), not_judged(audit)) == ({}, set())
    assert "migrations.history_matches_files" in {check.check_id for check in audit.checks}


@pytest.mark.parametrize(
    ("change", "undo", "version", "fault"),
    [
        (
            "update alembic.alembic_version set version_num = 'a'",
            "update alembic.alembic_version set version_num = 'b'",
            "b",
            "is not applied",
        ),
        (
            "insert into alembic.alembic_version values ('lost')",
            "delete from alembic.alembic_version where version_num = 'lost'",
            "lost",
            "is applied, and its file is gone",
        ),
        (
            "update flyway.flyway_schema_history set checksum = 5 where version = '01'",
            f"update flyway.flyway_schema_history set checksum = {crc(ONE.format('flyway'))}"
            " where version = '01'",
            "1",
            "was changed after it was applied",
        ),
        (
            "update flyway.flyway_schema_history set success = false where version = '1.1'",
            "update flyway.flyway_schema_history set success = true where version = '1.1'",
            "1.1",
            "is not applied",
        ),
        (
            "update drizzle.__drizzle_migrations set hash = 'x' where created_at = 1000",
            f"update drizzle.__drizzle_migrations set hash = '{sha(ONE.format('drizzle'))}'"
            " where created_at = 1000",
            "1000",
            "was changed after it was applied",
        ),
        (
            "insert into supabase_migrations.schema_migrations values ('20250103000000')",
            "delete from supabase_migrations.schema_migrations where version = '20250103000000'",
            "20250103000000",
            "is applied, and its file is gone",
        ),
        (
            "update go.schema_migrations set version = 1",
            "update go.schema_migrations set version = 2",
            "2",
            "is not applied",
        ),
        (
            "insert into goose.goose_db_version (version_id, is_applied) values (2, false)",
            "insert into goose.goose_db_version (version_id, is_applied) values (2, true)",
            "2",
            "is not applied",
        ),
        (
            "update prisma._prisma_migrations set rolled_back_at = null",
            "update prisma._prisma_migrations set rolled_back_at = now()"
            " where migration_name = '20250103_c'",
            "20250103",
            "is applied, and its file is gone",
        ),
        (
            "delete from sqlmigrate.gorp_migrations where id = '2_b.sql'",
            "insert into sqlmigrate.gorp_migrations values ('2_b.sql', now())",
            "2_b.sql",
            "is not applied",
        ),
    ],
)
def test_a_version_that_differs(
    change: str, undo: str, version: str, fault: str, deployed: Deployed
) -> None:
    deployed.execute(change)
    try:
        broken = deployed.audit()
    finally:
        deployed.execute(undo)
    assert keys(broken) == {"migrations.history_matches_files": [{"version": version}]}
    (check,) = [check for check in broken.checks if check.status == "fail"]
    assert fault in check.findings[0].message
    assert keys(deployed.audit()) == {}


@pytest.mark.parametrize(
    ("change", "undo", "table"),
    [
        (
            "create table goose.by_hand (id integer)",
            "drop table goose.by_hand",
            "goose.by_hand",
        ),
        (
            'alter table go.two rename to "Two.x"',
            'alter table go."Two.x" rename to two',
            None,
        ),
        ("create view goose.v as select 1 as x", "drop view goose.v", ""),
        (
            "create table goose.parts (id integer) partition by list (id);"
            " create table goose.part partition of goose.parts default",
            "drop table goose.parts",
            "goose.parts",
        ),
    ],
)
def test_a_table_that_differs(
    change: str, undo: str, table: str | None, deployed: Deployed
) -> None:
    deployed.execute(change)
    try:
        broken = deployed.audit()
    finally:
        deployed.execute(undo)
    names = [table] if table else ["go.Two.x", "go.two"] if table is None else []
    expected = {"migrations.match_database": [{"table_name": name} for name in names]}
    assert keys(broken) == (expected if names else {})
    assert keys(deployed.audit()) == {}


def test_without_a_record_nothing_is_known(deployed: Deployed, tmp_path: Path) -> None:
    write(tmp_path, ALEMBIC)
    trees = contract(alembic={})
    (tmp_path / "contract.yml").write_text(yaml.safe_dump(trees))
    deployed.execute("alter table alembic.alembic_version rename to versions")
    try:
        plan = make_plan("deployed", tmp_path / "contract.yml", deployed.settings)
        audit = Deployed(plan, deployed.settings, tmp_path, deployed.connection).audit()
        assert keys(audit) == {"migrations.match_database": [{"table_name": "alembic.versions"}]}
        assert not_judged(audit) == {
            "migrations.history_matches_files",
            "migrations.fits_live_rows",
            "migrations.drops_unused",
        }

        declared = contract(alembic={"history": {"table": "versions", "format": "alembic"}})
        (tmp_path / "contract.yml").write_text(yaml.safe_dump(declared))
        plan = make_plan("deployed", tmp_path / "contract.yml", deployed.settings)
        audit = Deployed(plan, deployed.settings, tmp_path, deployed.connection).audit()
        assert (keys(audit), not_judged(audit)) == ({}, set())
    finally:
        deployed.execute("alter table alembic.versions rename to alembic_version")
    with pytest.raises(MigrationsError, match="no table versions, or none that the builder"):
        make_plan("deployed", tmp_path / "contract.yml", deployed.settings)


def test_only_a_tree_that_changed_is_replayed_again(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed: list[str] = []

    def replay(
        _server: object, tree: Tree, *_: object
    ) -> tuple[list[Refused], list[Relation], list[MadeColumn]]:
        replayed.append(tree.tree)
        made = [Relation(tree.tree, tree.tree, name, "table", "x") for name in ("one", "two")]
        return [], made, []

    assert keys(deployed.audit()) == {}
    monkeypatch.setattr(rehearsal, "replayed", replay)
    monkeypatch.setattr(rehearsal, "scratch_server", nullcontext)
    assert keys(deployed.audit()) == {}
    assert replayed == []

    file = deployed.folder / "go" / "000002_b.up.sql"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "-- x", encoding="utf-8")
    assert keys(deployed.audit()) == {}, "a comment changes nothing that is run"
    file.write_text(text + "select 1;", encoding="utf-8")
    try:
        assert keys(deployed.audit()) == {}
        assert replayed == ["go"]
        monkeypatch.setattr(rehearsal, "server_version", lambda: "another")
        deployed.audit()
        assert sorted(replayed) == sorted(["go", *TREES])
    finally:
        file.write_text(text, encoding="utf-8")


def test_what_cannot_be_replayed_is_unknown(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_server() -> None:
        raise DemoError("no server", where="x", remedy="Install it")

    monkeypatch.setattr(rehearsal, "server_version", lambda: "")
    monkeypatch.setattr(rehearsal, "scratch_server", no_server)
    deployed.execute("alter table go.two rename to three")
    try:
        audit = deployed.audit()
    finally:
        deployed.execute("alter table go.three rename to two")
    assert keys(audit) == {}
    assert not_judged(audit) == {"migrations.rehearsal", "migrations.match_database"}
    monkeypatch.undo()
    assert (keys(deployed.audit()), not_judged(audit)) == ({}, not_judged(audit))


def test_a_comment_accepts_what_is_unknown_every_night(deployed: Deployed) -> None:
    file = deployed.folder / "go" / "000002_b.up.sql"
    text = file.read_text(encoding="utf-8")
    unknown = text + "create extension postgis;\n"
    try:
        file.write_text(unknown, encoding="utf-8")
        assert not_judged(deployed.audit()) == {"migrations.rehearsal"}
        comment = "-- counterfoil: allow migrations.rehearsal because the server has it\n"
        file.write_text(comment + unknown, encoding="utf-8")
        audit = deployed.audit()
    finally:
        file.write_text(text, encoding="utf-8")
    assert (keys(audit), not_judged(audit)) == ({}, set())


LIVE = """
    drop schema if exists live cascade;
    create schema live;
    create table live.schema_migrations (version bigint, dirty boolean);
    insert into live.schema_migrations values (1, false);
    create table live.users (id integer primary key, email text, name text, age integer);
    create table live.empty (id integer);
    create view live.of_users as select 1 as x;
    insert into live.users values (1, 'a', 'x', null), (2, 'a', null, null), (3, null, 'y', null);
"""
FIRST = """
    create table live.users (id integer primary key, email text, name text, age integer);
    create table live.empty (id integer);
"""


def of_live_rows(deployed: Deployed, folder: Path, texts: list[str]) -> Audit:
    """The audit of trees whose second versions, not applied yet, are the texts."""
    deployed.execute(LIVE)
    trees: dict[str, dict[str, object]] = {}
    for number, text in enumerate(texts):
        tree = f"tree{number:02}"
        write(folder, {f"{tree}/000001_a.up.sql": FIRST, f"{tree}/000002_b.up.sql": text})
        trees[tree] = {"default_schema": "live"}
        if (folder / "models").exists():
            trees[tree]["models"] = "models"
    (folder / "contract.yml").write_text(yaml.safe_dump(contract(**trees)))
    plan = make_plan("deployed", folder / "contract.yml", deployed.settings)
    return Deployed(plan, deployed.settings, folder, deployed.connection).audit()


# What a version does, and what is said of it.
RISKS: list[tuple[str, str | None]] = [
    (
        "alter table live.users add note text not null;",
        "adds note to live.users, NOT NULL without a default, and it has rows",
    ),
    (
        "alter table live.users alter column name set not null;",
        "makes name of live.users NOT NULL, and it is null in rows",
    ),
    (
        "alter table live.users add constraint n not null age;",
        "makes age of live.users NOT NULL, and it is null in rows",
    ),
    (
        "create unique index on live.users (email);",
        "makes (email) of live.users unique, and rows repeat it",
    ),
    (
        "alter table live.users add unique (email);",
        "makes (email) of live.users unique, and rows repeat it",
    ),
    ("alter table live.users drop email;", "drops email of live.users, which rows hold"),
    ("drop table live.users;", "drops live.users, which has rows"),
    # What rows fit, or nobody has.
    ("alter table live.users add note text not null default '';", None),
    ("alter table live.users add note integer generated always as identity;", None),
    ("alter table live.users add note serial not null;", None),
    ("alter table live.users add note text;", None),
    ("alter table live.empty add note text not null;", None),
    ("alter table live.empty add primary key (id);", None),
    ("create unique index on live.users (email, name);", None),
    ("create unique index on live.users (email) where name = 'x';", None),
    ("create unique index on live.users (lower(email));", None),
    ("alter table live.users drop age;", None),
    ("drop table live.empty;", None),
    ("create table live.t (id integer); alter table live.t add x text not null;", None),
    # The rows may be others by then.
    (
        "update live.users set name = ''; alter table live.users alter name set not null;",
        None,
    ),
    ("do $$ begin end $$; alter table users alter column name set not null;", None),
    ("alter table live.users add constraint n not null age not valid;", None),
]


def test_what_live_rows_would_fail(deployed: Deployed, tmp_path: Path) -> None:
    audit = of_live_rows(deployed, tmp_path, [text for text, _ in RISKS])
    found = [
        (check.check_id, finding.message)
        for check in audit.checks
        if check.check_id in ("migrations.fits_live_rows", "migrations.drops_unused")
        for finding in check.findings
    ]
    assert sorted(found) == sorted(
        (
            "migrations.drops_unused" if "drops" in says else "migrations.fits_live_rows",
            f"tree{number:02}/000002_b.up.sql:1: {says}",
        )
        for number, (_, says) in enumerate(RISKS)
        if says
    )


def test_a_drop_of_what_a_model_names(deployed: Deployed, tmp_path: Path) -> None:
    text = "class A(Base):\n    __tablename__ = 'empty'\n    __table_args__ = {'schema': 'live'}\n"
    write(tmp_path, {"models/a.py": text})
    audit = of_live_rows(deployed, tmp_path, ["drop table live.empty;"])
    (drop,) = [check for check in audit.checks if check.check_id == "migrations.drops_unused"]
    assert [finding.message for finding in drop.findings] == [
        "tree00/000002_b.up.sql:1: drops live.empty, which model A names"
    ]


def test_rows_that_cannot_be_asked_are_unknown(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "select exists (select from {table}, pg_sleep(1))"
    monkeypatch.setattr(demands, "LONGEST_QUESTION_MS", 50)
    monkeypatch.setitem(demands._QUESTIONS, "new column", slow)
    audit = of_live_rows(deployed, tmp_path, ["alter table users add note text not null;"])
    assert {"migrations.fits_live_rows", "migrations.drops_unused"} <= not_judged(audit)
