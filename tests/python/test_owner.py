"""From a draft to a verdict, on a database whose owner is no superuser."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from built import ensure_built
from copies import write_profiles
from servers import EMBEDDED, Server, oldest_installed, server

from counterfoil.audit.audit import audit
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.contract.grants import render_grants
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.preflight import check_auditor
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

# Keys by serial, identity and text, a partitioned table, and a type whose schema is not on
# anybody's path.
SCHEMA = """
    create schema extensions;
    create extension citext schema extensions;
    create table shops (id serial primary key, name text not null);
    create table people (
        id bigint generated always as identity primary key,
        shop_id int not null references shops (id),
        email extensions.citext not null unique
    );
    create index on people (shop_id);
    create table codes (
        code text primary key, shop_id int not null references shops (id),
        person_id bigint not null references people (id)
    );
    create index on codes (shop_id);
    create index on codes (person_id);
    create table visits (
        id bigserial, shop_id int not null references shops (id), day date not null,
        primary key (id, day)
    ) partition by range (day);
    create index on visits (shop_id);
    create table visits_2025 partition of visits for values from ('2025-01-01') to ('2026-01-01');
    create table visits_2026 partition of visits for values from ('2026-01-01') to ('2027-01-01');
    insert into shops (name) values ('north'), ('south');
    insert into people (shop_id, email) values (1, 'a@example.org'), (2, 'b@example.org');
    insert into codes values ('x', 1, 1), ('y', 2, 1);
    insert into visits (shop_id, day) values (1, '2025-05-05'), (2, '2026-05-05');
"""
CONTRACT = """
database: shops
schema: public
packs: [{pack}]
tables:
  people: {{key: id, in_use: true}}
"""
ROLES = ("counterfoil_builder", "counterfoil_auditor", "counterfoil_history")
READER = "counterfoil_reader"


@pytest.fixture(scope="module", params=["newest", "oldest"])
def database_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    binaries = EMBEDDED if request.param == "newest" else oldest_installed()
    if binaries is None:
        pytest.skip("no PostgreSQL of 15 or later is installed")
    with server(tmp_path_factory.mktemp(request.param), binaries) as running:
        yield running


@pytest.fixture
def owned(database_server: Server) -> Iterator[Target]:
    """A database of that schema, as its owner."""
    with database_server.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute("create role landlord login createrole")
        cursor.execute("create database shops owner landlord")
        owner = database_server.target("shops").model_copy(update={"user": "landlord"})
        try:
            _run(owner, SCHEMA)
            yield owner
        finally:
            cursor.execute("drop database shops with (force)")
            cursor.execute(f"drop role if exists {', '.join([*ROLES, READER, 'landlord'])}")


def test_an_owner_without_superuser_comes_to_a_verdict(
    owned: Target, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = _session(owned)
    file = tmp_path / "contract.yml"
    file.write_text(draft(survey(Session.alone(owned, Settings()))), encoding="utf-8")
    grants = render_grants(load_contract(tmp_path, file), session, reader=READER)
    # The second time it must change nothing, and not fail.
    assert not _run(owned, grants)
    assert not _run(owned, grants)
    with pytest.MonkeyPatch.context() as patch:
        write_profiles(tmp_path, session.builder, session.auditor, session.historian)
        patch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        patch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        plan = make_plan("shops", file, Settings())
        ensure_built(plan)
        check_auditor(plan.session)
        with open_snapshot(plan.session) as snapshot:
            found = audit(plan.scope, snapshot)
    assert not found.unjudged, found.unjudged
    failing = {check.check_id: check.finding_count for check in found.checks if check.findings}
    assert failing["tenancy.references_stay_in_tenant"] == 1, "person 1 is of the other shop"
    assert "schema.sequences_have_room" in {check.check_id for check in found.checks}
    assert not [check.check_id for check in found.checks if check.status == "error"]

    # What the application makes tomorrow is read without another script.
    _run(owned, "create table later (id serial primary key, shop_id int references shops (id))")
    assert _may(session.builder, "select has_table_privilege('public.later', 'select')")
    for role in (session.builder, session.auditor):
        assert _may(role, "select has_sequence_privilege('public.later_id_seq', 'select')")


def test_what_row_security_hides_is_told_with_the_script(owned: Target, tmp_path: Path) -> None:
    _run(owned, "alter table people enable row level security")
    file = tmp_path / "contract.yml"
    file.write_text(CONTRACT.format(pack="integrity"))
    said = _run(owned, render_grants(load_contract(tmp_path, file), _session(owned), reader=READER))
    assert "row security hides rows of public.people from counterfoil_builder" in said
    assert "ALTER ROLE counterfoil_builder BYPASSRLS" in said


def test_a_sequence_of_somebody_elses_stops_no_other_right(
    owned: Target, database_server: Server, tmp_path: Path
) -> None:
    with database_server.connect("shops") as superuser, superuser.cursor() as cursor:
        cursor.execute("create sequence public.foreign_seq")
    file = tmp_path / "contract.yml"
    file.write_text(CONTRACT.format(pack="schema"))
    session = _session(owned)
    said = _run(owned, render_grants(load_contract(tmp_path, file), session, reader=READER))
    assert "let its owner run: grant select on sequence public.foreign_seq" in said
    assert _may(session.auditor, "select has_sequence_privilege('public.shops_id_seq', 'select')")


def _session(owner: Target) -> Session:
    builder, auditor, historian = (
        owner.model_copy(update={"name": f"shops{suffix}", "user": user})
        for suffix, user in zip(("", "_audit", "_history"), ROLES, strict=True)
    )
    return replace(Session.alone(builder, Settings()), auditor=auditor, historian=historian)


def _run(role: Target, script: str) -> str:
    """What Postgres warns of."""
    with closing(psycopg2.connect(**role.libpq)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("set client_min_messages = warning")
        cursor.execute(script)
        return "".join(connection.notices)


def _may(role: Target, question: str) -> bool:
    with closing(psycopg2.connect(**role.libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone() == (True,)
