"""From a draft to a verdict, on a database whose owner is no superuser."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from built import ensure_built
from copies import write_profiles
from owners import READER, ROLES, owned, run_script
from servers import EMBEDDED, Server, oldest_installed, server

from counterfoil.audit.audit import audit
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.contract.grants import render_grants, render_leaving
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.history.tables import ensure_history
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.preflight import check_auditor
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

CONTRACT = """
database: shops
schema: public
packs: [{pack}]
tables:
  people: {{key: id, in_use: true}}
"""

_EVERYTHING = """
    with acls as (
        select 'relation' as kind, oid::regclass::text as name, relowner as owner_oid,
            coalesce(
                relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)
            ) as acl
        from pg_class
        where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        union all
        select 'schema', nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
        from pg_namespace where nspname !~ '^pg_(toast|temp)'
        union all
        select 'database', datname, datdba, coalesce(datacl, acldefault('d', datdba))
        from pg_database
    )
    select kind, name, owner_oid::regrole::text, acl.grantee::regrole::text, acl.privilege_type
    from acls cross join lateral aclexplode(acl) as acl
    union all
    select 'role', rolname, null, null, null from pg_roles
    union all
    select 'defaults', defaclrole::regrole::text, defaclacl::text, null, null from pg_default_acl
    union all
    select 'setting', setrole::regrole::text, setconfig::text, null, null from pg_db_role_setting
    union all
    select 'membership', roleid::regrole::text, member::regrole::text, null, null
    from pg_auth_members
"""


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
def shops(database_server: Server) -> Iterator[Target]:
    with owned(database_server) as owner:
        yield owner


def test_an_owner_without_superuser_comes_to_a_verdict(
    shops: Target, database_server: Server, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = _session(shops)
    without = _everything(shops)
    file = tmp_path / "contract.yml"
    file.write_text(draft(survey(Session.alone(shops, Settings()))), encoding="utf-8")
    grants = render_grants(load_contract(tmp_path, file), session, reader=READER)
    # The second time it must change nothing, and not fail.
    assert not run_script(shops, grants)
    assert not run_script(shops, grants)
    if database_server.binaries != EMBEDDED:
        # On the newest, test_wheel.py does.
        _come_to_a_verdict(session, file)

    # What the application makes tomorrow is read without another script.
    run_script(
        shops, "create table later (id serial primary key, shop_id int references shops (id))"
    )
    assert _may(session.builder, "select has_table_privilege('public.later', 'select')")
    for role in (session.builder, session.auditor):
        assert _may(role, "select has_sequence_privilege('public.later_id_seq', 'select')")

    # And what was done is undone, to the last right.
    run_script(shops, "drop table later")
    leaving = render_leaving(session, reader=READER)
    assert not run_script(shops, leaving)
    assert _everything(shops) == without
    assert not run_script(shops, leaving)


def test_leaving_drops_nothing_that_is_not_ours(shops: Target, tmp_path: Path) -> None:
    file = tmp_path / "contract.yml"
    file.write_text(CONTRACT.format(pack="integrity"))
    # The application's own role is the writer of history.
    run_script(shops, "create role app login; grant select on shops to app")
    session = _session(shops)
    app = session.historian.model_copy(update={"user": "app"})
    session = replace(session, historian=app)
    try:
        run_script(shops, render_grants(load_contract(tmp_path, file), session, reader=READER))
        ensure_history(session)
        run_script(session.builder, "create view counterfoil.v as select from public.people")
        run_script(shops, "create schema mine; create view mine.v as select from counterfoil.v")
        leaving = render_leaving(session, reader=READER)
        standing = _everything(shops)
        with pytest.raises(psycopg2.errors.DependentObjectsStillExist, match=r"mine\.v"):
            run_script(shops, leaving)
        assert _everything(shops) == standing

        run_script(shops, "drop schema mine cascade")
        said = run_script(shops, leaving)
        assert "app stays: it is not known to be a role that counterfoil grants made" in said
        assert _may(app, "select has_table_privilege('public.shops', 'select')")
        assert not any("counterfoil" in str(item) for item in _everything(shops))
    finally:
        run_script(shops, "drop owned by app; drop role app")


def test_leaving_as_the_one_role_that_did_everything(shops: Target) -> None:
    alone = Session.alone(shops, Settings())
    without = _everything(shops)
    ensure_history(alone)
    assert not run_script(shops, render_leaving(alone, reader=READER))
    assert _everything(shops) == without


def test_leaving_one_database_leaves_the_roles_of_another(
    shops: Target, database_server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "contract.yml"
    file.write_text(CONTRACT.format(pack="integrity"))
    session = _session(shops)
    run_script(shops, render_grants(load_contract(tmp_path, file), session, reader=READER))
    with database_server.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute(f"grant connect on database postgres to {READER}")
        try:
            said = run_script(shops, render_leaving(session, reader=READER))
            assert f"{READER} stays: privileges for database postgres" in said
        finally:
            cursor.execute(f"revoke connect on database postgres from {READER}")


def test_what_row_security_hides_is_told_with_the_script(shops: Target, tmp_path: Path) -> None:
    run_script(shops, "alter table people enable row level security")
    file = tmp_path / "contract.yml"
    file.write_text(CONTRACT.format(pack="integrity"))
    said = run_script(
        shops, render_grants(load_contract(tmp_path, file), _session(shops), reader=READER)
    )
    assert "row security hides rows of public.people from counterfoil_builder" in said
    assert "ALTER ROLE counterfoil_builder BYPASSRLS" in said


def test_a_sequence_of_somebody_elses_stops_no_other_right(
    shops: Target, database_server: Server, tmp_path: Path
) -> None:
    with database_server.connect("shops") as superuser, superuser.cursor() as cursor:
        cursor.execute("create sequence public.foreign_seq")
    file = tmp_path / "contract.yml"
    file.write_text(CONTRACT.format(pack="schema"))
    session = _session(shops)
    said = run_script(shops, render_grants(load_contract(tmp_path, file), session, reader=READER))
    assert "let its owner run: grant select on sequence public.foreign_seq" in said
    assert _may(session.auditor, "select has_sequence_privilege('public.shops_id_seq', 'select')")

    with database_server.connect("shops") as superuser, superuser.cursor() as cursor:
        cursor.execute("grant select on sequence public.foreign_seq to counterfoil_auditor")
    said = run_script(shops, render_leaving(session, reader=READER))
    assert "let its owner run: revoke all on sequence foreign_seq from counterfoil_auditor" in said
    assert "counterfoil_auditor stays: privileges for sequence foreign_seq" in said


def _come_to_a_verdict(session: Session, file: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        write_profiles(file.parent, session.builder, session.auditor, session.historian)
        patch.setenv("DBT_PROFILES_DIR", str(file.parent))
        patch.setenv("DBT_TARGET_PATH", str(file.parent / "target"))
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


def _everything(owner: Target) -> set[tuple[str, ...]]:
    """What the database has, whose it is and who may do what with it; and who there is."""
    with closing(psycopg2.connect(**owner.libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(_EVERYTHING)
        return set(cursor.fetchall())


def _session(owner: Target) -> Session:
    builder, auditor, historian = (
        owner.model_copy(update={"name": f"shops{suffix}", "user": user})
        for suffix, user in zip(("", "_audit", "_history"), ROLES, strict=True)
    )
    return replace(Session.alone(builder, Settings()), auditor=auditor, historian=historian)


def _may(role: Target, question: str) -> bool:
    with closing(psycopg2.connect(**role.libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone() == (True,)
