"""What PostgreSQL refuses of a tree on an empty server, and what is told of it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from test_migrations import server, write
from test_migrations_tools import TREES

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import MigrationTree, load_contract
from counterfoil.contract.layouts import Layout
from counterfoil.migrations import scratch
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.facts import Refused
from counterfoil.migrations.rehearsal import replayed
from counterfoil.migrations.scratch import Scratch

__all__ = ["server"]

# A statement that names a table which nobody makes, of each kind: one finding.
MISSING = {
    "policy": "create policy p on a using (exists (select from nowhere));",
    "view": "create view v as select * from nowhere;",
    "grant": "grant select on nowhere to public;",
    "insert": "insert into nowhere values (1);",
    "update": "update nowhere set x = 1;",
    "delete": "delete from nowhere;",
    "copy": "copy nowhere from stdin;",
    "truncate": "truncate nowhere;",
    "create table as": "create table b as select * from nowhere;",
    "publication": "create publication p for table nowhere;",
    "function of a trigger": "create trigger t before insert on a execute function nowhere();",
    "column": "create index on a (nowhere);",
    "key": "create table b (id integer references nowhere (id));",
    "schema": "create table nowhere.b (id integer);",
    "type": "create table b (x nowhere);",
    "partition": "create table b partition of nowhere default;",
    "sequence": "alter sequence nowhere restart;",
    "rollback": "drop table nowhere;",
    "do block": "do $$ begin perform 1 from nowhere; end $$;",
}

# What a tool's transaction refuses, by layout: the same statements one by one are well.
IN_ONE_TRANSACTION = {
    "a new value of an enum": "create type e as enum ('a');\n--\nalter type e add value 'b';\n"
    "create table t (x e default 'b');",
    "a concurrent index": "create table t (x integer);\ncreate index concurrently on t (x);",
}
TWICE = {
    "index": "create index i on a (id);",
    "policy": "create policy p on a using (true);",
    "constraint": "alter table a add constraint c check (true);",
    "column": "alter table a add column x integer;",
    "table": "create table b (id integer);",
    "type": "create type e as enum ('a');",
    "schema": "create schema s;",
    "function": "create function f() returns integer language sql return 1;",
    "trigger": "create trigger t before update on a for each row"
    " execute function suppress_redundant_updates_trigger();",
}
WELL = {
    "sequence": "create sequence s; alter table s owner to postgres;",
    "function that makes a table": "create function f() returns void language plpgsql as"
    " 'begin create table made (id integer); end'; select f(); alter table made add x text;",
    "roles": "grant select on a to app_reader; create role app; alter table a owner to app;"
    " alter default privileges in schema public grant select on tables to reporting;",
    "extensions": 'create extension if not exists "uuid-ossp"; create extension pgcrypto;'
    " create table b (id uuid default uuid_generate_v4(), p text default crypt('x', 'y'));"
    " comment on extension pgcrypto is 'x'; drop extension pgcrypto;",
    "trusted extension": "create extension citext; create table b (x citext);",
    "copy": "copy a (id) from stdin;\n1\n2\n\\.\ninsert into a values (1);",
    "psql": "\\set ON_ERROR_STOP on\n\\echo x\nselect 1;",
    "percent": "insert into a select 1 where 'a%s' like '%s' or 5 % 2 = 1;",
    "own transaction": "begin; create table b (); commit; create index concurrently on a (id);",
    "temporary": "create temporary table x (); drop table x;",
    "all tables": "do $$ declare t record; begin for t in select * from pg_tables where"
    " schemaname not in ('pg_catalog', 'information_schema') loop execute"
    " format('alter table %I.%I enable row level security', t.schemaname, t.tablename);"
    " end loop; end $$;",
    "schema anew": "drop schema public cascade; create schema public; create table a ();",
}
# Nothing that the file does wrong, and nothing to pass either.
UNKNOWN = {
    "file": "copy a to '/tmp/counterfoil-was-here';",
    "program": "copy a to program 'true';",
    "library": "load 'auto_explain';",
    "extension": "create extension postgis;",
    "another host": "create extension dblink;",
    "included": "\\i other.sql\nselect 1;",
    "superuser": "alter system set work_mem to '1GB';",
    "never ends": "select pg_sleep(1000);",
    "loops": "set statement_timeout to 0; do $$ begin loop end loop; end $$;",
    "ends itself": "select pg_terminate_backend(pg_backend_pid());",
    "fills the disk": "create table b as select repeat('x', 999) from generate_series(1, 9999999);",
}


Run = Callable[..., list[Refused]]


@pytest.fixture
def run(server: Scratch, tmp_path: Path) -> Run:
    """What is refused of a tree, but for what follows from another refusal."""

    def replay(files: dict[str, str], layout: Layout, **declared: Any) -> list[Refused]:
        write(tmp_path, files)
        tree = MigrationTree.model_validate({"folder": ".", "layout": layout, **declared})
        facts = read_trees({"app": tree}, tmp_path)
        refused, *_ = replayed(server, facts.trees[0], tree, facts.scripts["app"], tmp_path)
        followers.clear()
        followers.update(Counter(one.follows for one in refused if one.follows is not None))
        return [one for one in refused if one.follows is None]

    return replay


# Of the last replay: by the number of a refusal, how many follow from it.
followers: Counter[int] = Counter()


def said(refused: Refused) -> str:
    return "; ".join(filter(None, [refused.says, refused.explanation]))


def two(second: str) -> dict[str, str]:
    """Of no tool: statement by statement."""
    return {"001_a.sql": "create table a (id integer primary key);", "002_b.sql": second}


@pytest.mark.parametrize("layout", TREES)
def test_a_tree_of_each_tool_goes_forward_and_back(layout: Layout, run: Run) -> None:
    assert run(TREES[layout], layout) == []


@pytest.mark.parametrize("kind", MISSING)
def test_what_is_missing_is_one_finding(kind: str, run: Run) -> None:
    text = f"\n{MISSING[kind]}\n"
    (refusal,) = run(two(text), "numbered", rollbacks=False)
    assert (refusal.file, refusal.line, refusal.is_unknown) == ("002_b.sql", 2, False)
    assert "nowhere" in refusal.says


def test_what_follows_from_a_miss_is_counted_and_no_finding(run: Run) -> None:
    text = """
        create table b (id integer primary key, c_id integer references c (id));
        create index on b (c_id);
        alter table c add column x text;
        create view v as select x from c;
        create view w as select * from v;
        grant select on w to public;
        insert into c values (1);
        create table d (id integer references b (id), e_id integer references e (id));
        create index on d (id, nowhere);
    """
    found = run(two(text), "numbered", rollbacks=False)
    assert [(refusal.line, followers[refusal.number]) for refusal in found] == [
        (2, 5),
        (9, 0),
        (10, 0),
    ]
    assert ['"c"' in found[0].says, '"e"' in found[1].says] == [True, True]
    assert 'column "nowhere" does not exist' in found[2].says


def test_names_that_need_quotes(run: Run) -> None:
    text = 'create table if not exists "B c" (id integer);'
    files = two(f'{text}\n{text}\ndrop table "B c";\nselect * from "B c";') | {
        "003_c.sql": 'select * from "D";\ncreate table "D" ();',
    }
    assert [
        (refusal.severity, said(refusal)) for refusal in run(files, "numbered", rollbacks=False)
    ] == [
        (
            "warning",
            'creates public."B c" once more, with the same columns; it is there since 002_b.sql:1',
        ),
        (
            "critical",
            'PostgreSQL says: relation "B c" does not exist; it was dropped at 002_b.sql:3',
        ),
        (
            "critical",
            'PostgreSQL says: relation "D" does not exist; it is created only later, at'
            " 003_c.sql:2",
        ),
    ]


def test_a_missing_base_is_one_finding(run: Run) -> None:
    files = {
        "001_a.sql": "alter table users add x text;\ncreate table a (id integer primary key);",
        "002_b.sql": "create index on users (x);\nalter table pets add x text;\n"
        "drop table toys;\ncreate index on pets (x);\nalter table a add y text;",
        "003_c.sql": "select nowhere from a;",
    }
    base, column = run(files, "numbered", rollbacks=False)
    assert (base.file, base.line, followers[base.number]) == ("001_a.sql", 1, 4)
    assert str(base.explanation).startswith("no migration makes it, nor pets, toys: ")
    assert 'column "nowhere" does not exist' in column.says
    # Two that are missed among others are two.
    files = {"000_z.sql": "create table z ();"} | files
    assert [one.line for one in run(files, "numbered", rollbacks=False)] == [1, 2, 3, 1]


def test_where_a_missing_table_is(run: Run) -> None:
    files = two("create schema s; create table s.b (); drop table a;") | {
        "003_c.sql": "select * from b;\nselect * from a;\nselect * from d;",
        "004_d.sql": "create table d ();",
    }
    assert [said(refusal) for refusal in run(files, "numbered", rollbacks=False)] == [
        'PostgreSQL says: relation "b" does not exist; of that name there is s.b',
        'PostgreSQL says: relation "a" does not exist; it was dropped at 002_b.sql:1',
        'PostgreSQL says: relation "d" does not exist; it is created only later, at 004_d.sql:1',
    ]


@pytest.mark.parametrize("kind", IN_ONE_TRANSACTION)
def test_a_tools_transaction_is_kept(kind: str, run: Run) -> None:
    text = IN_ONE_TRANSACTION[kind]
    assert run({"20250101000000_a.sql": text}, "numbered", rollbacks=False) == []
    for layout in ("supabase", "sqlx", "atlas"):
        (refusal,) = run({"20250101000000_a.sql": text}, layout)
        assert not refusal.is_unknown
    (refusal,) = run({"20250101000000_a/migration.sql": text}, "prisma")
    assert run({"20250102000000_a/migration.sql": "select 1"}, "prisma") == [refusal]


def test_a_file_without_a_transaction(run: Run) -> None:
    text = IN_ONE_TRANSACTION["a concurrent index"]
    assert run({"1_a.sql": f"-- no-transaction\n{text}"}, "sqlx") == []
    assert run({"2_a.sql": f"-- +goose NO TRANSACTION\n-- +goose Up\n{text}"}, "goose") != []


@pytest.mark.parametrize("kind", TWICE)
def test_what_is_made_twice_is_a_finding(kind: str, run: Run) -> None:
    text = f"{TWICE[kind]}\n{TWICE[kind]}"
    (refusal,) = run(two(text), "numbered", rollbacks=False)
    assert (refusal.line, refusal.is_unknown) == (2, False)
    assert "already exists" in refusal.says


@pytest.mark.parametrize("kind", WELL)
def test_what_runs_is_no_finding(kind: str, run: Run) -> None:
    assert run(two(WELL[kind]), "numbered", rollbacks=False) == []


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_may_not_run_is_unknown(kind: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "LONGEST_STATEMENT_S", 20 if "disk" in kind else 1)
    monkeypatch.setattr(scratch, "MOST_BYTES", 50 << 20)
    found = run(two(UNKNOWN[kind]), "numbered", rollbacks=False)
    assert [refusal.is_unknown for refusal in found] == [True], found
    assert not Path("/tmp/counterfoil-was-here").exists()


def test_a_database_is_not_dropped(run: Run, server: Scratch) -> None:
    (other, own) = run(two("drop database postgres;\ndrop database tree;"), "numbered")
    assert other.is_unknown, "what it may not do there"
    assert not own.is_unknown, "what is nowhere"
    server.connect("postgres").close()


@pytest.mark.parametrize("layout", ["numbered", "atlas"])
def test_what_is_deferred_is_judged_at_the_end(layout: Layout, run: Run) -> None:
    text = """create table b (id integer references a (id) deferrable initially deferred);
        insert into b values (1);"""
    (refusal,) = run(two(text), layout, rollbacks=False)
    assert (refusal.file, refusal.line, refusal.is_unknown) == ("002_b.sql", 2, False)
    assert "violates foreign key constraint" in refusal.says


def test_what_one_file_sets_the_next_finds_where_the_tool_does(run: Run) -> None:
    files = two("set search_path to '';") | {"003_c.sql": "alter table a add column x text;"}
    assert run(files, "numbered", rollbacks=False) == []
    (refusal,) = run({}, "atlas")
    assert (refusal.file, said(refusal)) == (
        "003_c.sql",
        'PostgreSQL says: relation "a" does not exist; of that name there is public.a',
    )


def test_a_rollback_that_fails(run: Run) -> None:
    files = two("create table b ();") | {
        "001_a_rollback.sql": "drop table a;",
        "002_b_rollback.sql": "\ndrop table c;",
    }
    (refusal,) = run(files, "numbered")
    assert (refusal.file, refusal.line) == ("002_b_rollback.sql", 2)
    assert refusal.says == 'on the way back PostgreSQL says: table "c" does not exist'


def test_what_is_provided_is_made_and_doubted(run: Run) -> None:
    text = "create table b (a_id uuid references profiles (id));\ncreate index on b (a_id);"
    assert run(two(text), "numbered", rollbacks=False, provided_tables=["profiles"]) == []
    text += "create view v as select name from profiles; select * from v;"
    found = run(two(text), "numbered", rollbacks=False, provided_tables=["profiles"])
    assert [(refusal.file, refusal.is_unknown, followers[refusal.number]) for refusal in found] == [
        (".", True, 2)
    ]
    assert "profiles is provided" in found[0].says


def test_what_is_provided_is_run_first(run: Run, tmp_path: Path) -> None:
    files = two("create table b (a_id uuid references base (id) default f());")
    with pytest.raises(MigrationsError, match="what is provided: not a regular file"):
        run(files, "numbered", rollbacks=False, provided_sql="../base.sql")
    (tmp_path.parent / "base.sql").write_text("create tabel base;")
    with pytest.raises(MigrationsError, match="does not parse: syntax error"):
        run(files, "numbered", rollbacks=False, provided_sql="../base.sql")
    (tmp_path.parent / "base.sql").write_text(
        "create table base (id uuid primary key);\n"
        "create function f() returns uuid language sql return gen_random_uuid();"
    )
    assert run(files, "numbered", rollbacks=False, provided_sql="../base.sql") == []


def test_the_tools_own_record_is_there(run: Run) -> None:
    text = "alter table _prisma_migrations enable row level security;"
    assert run({"20250101000000_a/migration.sql": text}, "prisma") == []
    (refusal,) = run({"20250102000000_b/migration.sql": "select nowhere();"}, "prisma")
    assert not refusal.is_unknown


def test_the_demos_replay(server: Scratch) -> None:
    for name in ("cleanrylie", "trvl_social"):
        trees = load_contract(ROOT, ROOT / "contracts" / f"{name}.yml").migrations
        ((tree_name, tree),) = trees.items()
        facts = read_trees(trees, ROOT / "contracts")
        scripts = facts.scripts[tree_name]
        refused, *_ = replayed(server, facts.trees[0], tree, scripts, ROOT / "contracts")
        assert refused == []


@pytest.mark.parametrize(
    ("env", "unknown"),
    [
        ("connection.execute(text('CREATE SCHEMA IF NOT EXISTS s'))", []),
        ("connection.execute(CreateSchema('s', if_not_exists=True))", []),
        ('connection.execute(text(f"create schema if not exists {name}"))', [True]),
        ("pass", [False]),
    ],
)
def test_the_schemas_that_env_makes(env: str, unknown: list[bool], run: Run) -> None:
    text = (
        "revision = 'a'\ndown_revision = None\ndef upgrade():\n    op.create_table('t', schema='s')"
    )
    found = run({"a.py": text, "env.py": env}, "alembic", rollbacks=False)
    assert [refusal.is_unknown for refusal in found] == unknown


# What is often in a revision, and no fault.
REVISION = """
from alembic import op
import sqlalchemy as sa
import uuid
from app.models import Tag, utcnow
revision = "a"
down_revision = None


def timestamps():
    return [sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now())]


def upgrade():
    bind = op.get_bind()
    mood = sa.Enum("good", "bad", name="mood")
    made = op.create_table(
        "cats",
        sa.Column("id", sa.Integer, primary_key=True, default=uuid.uuid4),
        sa.Column("name", sa.String(5), onupdate=utcnow),
        sa.Column("mood", mood),
        *timestamps(),
    )
    op.bulk_insert(made, [{"id": 1, "name": "x"}, {"id": 2, "name": str(uuid.uuid4())}])
    bind.execute(sa.text("update cats set name = :name"), {"name": "y"})
    op.execute(made.update().where(made.c.id == 1).values(name="z"))
    if op.get_context().dialect.name != "postgresql":
        op.add_column("nowhere", sa.Column("x", sa.Integer))
    with op.batch_alter_table("cats") as batch:
        batch.add_column(sa.Column("of", sa.Integer, sa.ForeignKey("cats.id")))
        batch.create_index(batch.f("ix_cats_of"), ["of"], unique=False)
    op.create_table("dogs", sa.Column("mood", mood))
    with op.get_context().autocommit_block():
        op.execute("alter type mood add value 'new'")
    op.alter_column("dogs", "mood", server_default="new")
    op.rename_table("dogs", "hounds")


def downgrade():
    op.drop_table("hounds")
    op.drop_table("cats")
    sa.Enum(name="mood").drop(op.get_bind())
"""


def test_a_revision_as_they_are_written(run: Run) -> None:
    assert run({"a.py": REVISION}, "alembic") == []
    model = (
        "    Tag.__table__.create(bind=bind)\n    op.drop_column('tags', 'x')\n\n\ndef downgrade"
    )
    (refusal,) = run({"a.py": REVISION.replace("\n\ndef downgrade", model)}, "alembic")
    assert (refusal.is_unknown, refusal.says) == (True, "a call of Tag.__table__.create")
