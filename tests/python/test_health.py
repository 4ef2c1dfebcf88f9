"""The health pack beside pg_stat_statements, which the embedded server does not have."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import yaml
from applications import created
from copies import write_profiles
from servers import INSTALLED, server
from shown import shown

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.session import Session
from counterfoil.publish.html import render_html
from counterfoil.publish.markdown import render_markdown

EXTENSION = "pg_stat_statements"
SECRET = "hunter2"
STATEMENTS = f"""
    create schema "Odd ""Stats"" x";
    create extension {EXTENSION} schema "Odd ""Stats"" x";
    create table patients (id integer primary key, name text);
    comment on table patients is '{SECRET}';
    create role looker login;
"""
CONTRACT = {
    "database": "clinic",
    "schema": "public",
    "packs": ["health"],
    "health": {"statements_schema": 'Odd "Stats" x', "slowest_statement_ms": 40},
}
GRANTS = """
    grant usage on schema counterfoil, counterfoil_staging to looker;
    grant select on all tables in schema counterfoil, counterfoil_staging to looker;
"""

LINKS = {"json": "audit.json", "markdown": "report.md", "all": "../index.html"}

Auditing = Callable[[str], Audit]


def binaries() -> Path:
    """Those of an installed PostgreSQL with the extension; without one the test is skipped."""
    for folder in INSTALLED:
        share = Path("/usr/share/postgresql") / folder.parent.name
        if (share / "extension" / f"{EXTENSION}.control").is_file():
            return folder
    pytest.skip(f"no installed PostgreSQL has {EXTENSION}")


@pytest.fixture(scope="module")
def clinic(
    environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plan]:
    """A database on a server that counts statements, one of which is slow; its views built."""
    folder = tmp_path_factory.mktemp("clinic")
    with (
        server(folder / "server", binaries(), shared_preload_libraries=EXTENSION) as running,
        created(running.target(), "clinic", STATEMENTS) as target,
        pytest.MonkeyPatch.context() as patch,
    ):
        with running.connect("clinic") as connection, connection.cursor() as cursor:
            cursor.execute(f"select pg_sleep(0.05), name from patients where name = '{SECRET}'")
            cursor.execute("insert into patients values (1, 'x')")
            cursor.execute("select pg_sleep(0.05), name from patients")
        write_profiles(folder, target)
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        (folder / "contract.yml").write_text(yaml.safe_dump(CONTRACT))
        plan = make_plan("clinic", folder / "contract.yml", Settings())
        build_views(plan)
        with running.connect("clinic") as connection, connection.cursor() as cursor:
            cursor.execute(GRANTS)
        yield plan
        with running.connect("clinic") as connection, connection.cursor() as cursor:
            cursor.execute("drop owned by looker")


@pytest.fixture(scope="module")
def audit_as(clinic: Plan) -> Auditing:
    """Audits the clinic as a role of it."""

    def run(role: str) -> Audit:
        auditor = clinic.session.auditor.model_copy(update={"user": role})
        with open_snapshot(Session.alone(auditor, Settings())) as snapshot:
            return audit(clinic.scope, snapshot)

    return run


def slowest(audit: Audit) -> tuple[str, float | None]:
    """What its check came to, and the slowest statement's mean time."""
    (check,) = [check for check in audit.checks if check.check_id == "health.within_limits"]
    (row,) = [row for row in audit.sections["health"] if row["measure"] == "slowest_statement_ms"]
    return check.status, row["measured"]


def test_the_slowest_statement_is_measured(audit_as: Auditing) -> None:
    status, milliseconds = slowest(audit_as("postgres"))
    assert status == "fail"
    assert milliseconds is not None
    assert 50 <= milliseconds < 5_000


def test_who_may_not_see_the_others_statements_does_not_pass(audit_as: Auditing) -> None:
    audit = audit_as("looker")
    assert slowest(audit) == ("fail", None)
    assert r"| Slowest statement | ❔ unknown | – | 40.0 ms | not shown to this role" in (
        render_markdown(shown(audit))
    )


def test_no_text_of_a_statement_leaves(clinic: Plan, audit_as: Auditing) -> None:
    """A statement that is no query is kept by the extension with its constants."""
    audit = audit_as("postgres")
    published = [
        audit.model_dump_json(),
        render_html(shown(audit), links=LINKS),
        render_markdown(shown(audit)),
        *_rows(clinic, "select to_jsonb(s)::text from counterfoil.slowest_statements as s"),
    ]
    kept = _rows(clinic, 'select query from "Odd ""Stats"" x".pg_stat_statements')
    assert any(SECRET in text for text in kept)
    assert any("pg_sleep" in text for text in kept)
    assert len(published) > 4
    for text in published:
        assert SECRET not in text
        assert "pg_sleep" not in text
        assert "patients" not in text


def _rows(plan: Plan, query: str) -> list[str]:
    with closing(psycopg2.connect(**plan.session.builder.libpq)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return [text for (text,) in cursor]
