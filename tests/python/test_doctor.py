"""`counterfoil doctor`: a line for each thing that an audit needs."""

from pathlib import Path

import pytest
from commands import counterfoil
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from servers import free_port

from counterfoil.common.errors import TargetError
from counterfoil.pipeline import doctor
from counterfoil.postgres.connection import connect


def test_a_database_that_can_be_audited(overnight: Database) -> None:
    said = counterfoil("doctor", "--target", "demo")
    assert said.returncode == 1, said.stdout
    lines = [line.split(maxsplit=2) for line in said.stdout.splitlines()]
    assert {what: state for state, what, *_ in lines} == {
        "versions": "ok",
        "reports": "ok",
        "contract": "ok",
        "role": "look",
        "snapshot": "ok",
        "replica": "ok",
        "lock": "ok",
        "collation": "ok",
        "rights": "ok",
        "views": "ok",
    }
    assert "A superuser may write anything: counterfoil grants" in said.stdout


def test_a_server_that_is_not_there() -> None:
    url = f"postgresql://me:s3cret@127.0.0.1:{free_port()}/app"
    said = counterfoil("doctor", "--url", url)
    assert said.returncode == 3
    assert "fail  role" in said.stdout
    assert "Connection refused" in said.stdout
    assert "s3cret" not in said.stdout


def test_rights_that_are_missing_are_told(overnight: Database, superuser: Connection) -> None:
    with superuser.cursor() as cursor:
        cursor.execute("create role looker login")
        try:
            url = overnight.url.replace("postgres:@", "looker@")
            said = counterfoil("doctor", "--url", url)
        finally:
            cursor.execute("drop role looker")
    assert said.returncode == 3
    assert "fail  rights" in said.stdout
    assert "GRANT SELECT ON" in said.stdout


def test_two_connections_that_share_a_session(
    overnight: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As behind a pooler in transaction mode, which lends its one session to whoever asks."""
    session = overnight.plan.session
    lent = connect(session.builder, session.settings)
    try:
        monkeypatch.setattr(doctor, "closing", _left_open)
        monkeypatch.setattr(doctor, "connect", lambda *_: lent)
        with pytest.raises(TargetError, match="two connections share a session"):
            [*doctor._role(session.builder, session.settings)]
    finally:
        lent.close()


class _left_open:  # noqa: N801
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __enter__(self) -> Connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        return
