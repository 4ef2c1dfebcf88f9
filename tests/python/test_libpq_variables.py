"""What PG* variables of the user's shell change: nothing in the demo, no session's settings."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from conftest import ROOT
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil import demo
from counterfoil.common.errors import UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.postgres.connection import connect
from counterfoil.postgres.profiles import Target, load_targets

HOST = "COUNTERFOIL_DEMO_HOST"
# Each with a value that would move the server, lead elsewhere, end the connection or change
# what a session says.
VARIABLES = {
    "PGAPPNAME": "somebody",
    "PGCHANNELBINDING": "require",
    "PGCLIENTENCODING": "LATIN1",
    "PGCONNECT_TIMEOUT": "soon",
    "PGDATA": "/nowhere",
    "PGDATABASE": "elsewhere",
    "PGDATESTYLE": "SQL, DMY",
    "PGGEQO": "off",
    "PGGSSENCMODE": "require",
    "PGHOST": "db.invalid",
    "PGHOSTADDR": "192.0.2.1",
    "PGMINPROTOCOLVERSION": "9.9",
    "PGOPTIONS": "-c no_such_setting=on",
    "PGPASSFILE": "/etc/passwd",
    "PGPASSWORD": "wrong",
    "PGPORT": "5999",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGREQUIREPEER": "nobody",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nowhere",
    "PGSSLMODE": "sometimes",
    "PGSSLNEGOTIATION": "direct",
    "PGSSLROOTCERT": "/nowhere",
    "PGTARGETSESSIONATTRS": "standby",
    "PGTZ": "America/New_York",
    "PGUSER": "nobody",
}
OF_A_SESSION = ("PGDATESTYLE", "PGGEQO", "PGTZ")
ASKED = (
    "current_user",
    "current_database()",
    "current_setting('application_name')",
    "current_setting('client_encoding')",
    "current_setting('data_directory')",
    "current_setting('datestyle')",
    "current_setting('geqo')",
    "current_setting('port')",
    "current_setting('timezone')",
    "current_setting('unix_socket_directories')",
)
Facts = tuple[str, ...]


@pytest.fixture(autouse=True)
def none_are_set(environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """None but those of a test; what the product forgets is there again afterwards."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.delenv(HOST, raising=False)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("demo")
    yield directory
    demo.stop(directory)


@pytest.fixture(scope="module")
def undisturbed(data_dir: Path, environment: pytest.MonkeyPatch) -> Facts:
    """What a start, and a connection of an audit, come to without any of the variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        return from_start_to_stop(data_dir)


def from_start_to_stop(data_dir: Path) -> Facts:
    """Starts the demo, connects as an audit of it does, stops it: what the session was."""
    url = demo.start(data_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(HOST, raising=False)
        demo.announce(data_dir)
        target, _ = load_targets("demo", ROOT)
        with closing(connect(target, Settings())) as connection:
            facts = asked(connection)
    assert demo.stop(data_dir)
    return (url, *facts)


def asked(connection: Connection) -> Facts:
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(ASKED)}")
        return tuple(cursor.fetchone() or ())


@pytest.mark.parametrize("name", VARIABLES)
def test_the_demo_is_the_same(
    data_dir: Path,
    undisturbed: Facts,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, VARIABLES[name])
    assert from_start_to_stop(data_dir) == undisturbed
    assert capfd.readouterr().err == ""


def test_an_audits_connection_is_the_same(
    data_dir: Path, undisturbed: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that audits need not be the one that started the server."""
    demo.start(data_dir)
    demo.announce(data_dir)
    target, _ = load_targets("demo", ROOT)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with closing(connect(target, Settings())) as connection:
        assert asked(connection) == undisturbed[1:]
    assert not VARIABLES.keys() & os.environ.keys(), "dbt's process would inherit them"


@pytest.mark.parametrize("name", ["PGHOSTADDR", "PGSERVICE"])
def test_nothing_else_is_taken_for_a_demo_that_does_not_run(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOST, str(tmp_path))
    monkeypatch.setenv(name, VARIABLES[name])
    target, _ = load_targets("demo", ROOT)
    with pytest.raises(UnavailableError, match="No such file or directory"):
        connect(target, Settings())


def test_all_of_them_by_the_commands(data_dir: Path, undisturbed: Facts) -> None:
    demo.stop(data_dir)
    assert counterfoil("demo", "start", data_dir) == (0, undisturbed[0], "")
    assert counterfoil("demo", "load", data_dir) == (0, undisturbed[0], "")
    assert counterfoil("demo", "stop", data_dir) == (0, "stopped", "")


def counterfoil(group: str, command: str, data_dir: Path) -> tuple[int, str, str]:
    finished = subprocess.run(
        [sys.executable, "-m", "counterfoil", group, command, "--data-dir", str(data_dir)],
        env=os.environ | VARIABLES,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return finished.returncode, finished.stdout.strip(), finished.stderr.strip()


@pytest.mark.parametrize("target", ["production", "production_audit", "replica_audit"])
def test_a_database_of_the_users_is_not_the_demos(target: str) -> None:
    assert load_targets(target, ROOT)[0].is_embedded is False
    assert load_targets("hibachi", ROOT)[0].is_embedded is True


def test_another_targets_variables_are_the_users(
    data_dir: Path, undisturbed: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lead to it, and are still there for dbt; none changes what a session means."""
    demo.start(data_dir)
    service = tmp_path / "services"
    service.write_text("[nightly]\napplication_name=by the service\nsslmode=prefer\n")
    lawful = {
        "PGPASSFILE": str(tmp_path / "passwords"),
        "PGSERVICE": "nightly",
        "PGSERVICEFILE": str(service),
        "PGSSLROOTCERT": str(tmp_path / "root.crt"),
    }
    unlawful = {name: VARIABLES[name] for name in OF_A_SESSION}
    for name, value in {**lawful, **unlawful}.items():
        monkeypatch.setenv(name, value)
    target = Target(
        name="production",
        type="postgres",
        host=str(demo.socket_dir(data_dir)),
        user="postgres",
        dbname="empwr",
    )
    with closing(psycopg2.connect(**target.libpq)) as connection:
        assert "by the service" in asked(connection), "the service is not read"
    with closing(connect(target, Settings())) as connection:
        assert asked(connection) == undisturbed[1:]
    assert left(lawful) == lawful
    assert left(unlawful) == {}


def left(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: os.environ[name] for name in variables if name in os.environ}
