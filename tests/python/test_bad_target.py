"""A target that is unknown, incomplete or out of reach is refused, by file and key."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from conftest import ROOT, Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from refusals import GONE, changed, refused

from counterfoil.common.errors import TargetError, UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.pipeline.preflight import check_database
from counterfoil.postgres.connection import connect
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.one_database import check_one_database
from counterfoil.postgres.profiles import Target, load_targets
from counterfoil.postgres.session import Session

OUTPUT = {
    "type": "postgres",
    "host": "localhost",
    "port": 5432,
    "user": "auditor",
    "password": "s3cret",
    "dbname": "app",
    "schema": "counterfoil",
}
PROFILES = {"counterfoil": {"target": "mine", "outputs": {"mine": OUTPUT}}}

# key, value, what the error says
FAULTY: dict[str, tuple[str, Any, str]] = {
    "another adapter": ("type", "snowflake", "outputs.mine: type 'snowflake' is not postgres"),
    "no adapter": ("type", GONE, "outputs.mine: key 'type' is missing"),
    "no host": ("host", GONE, "outputs.mine: key 'host' is missing"),
    "no database": ("dbname", GONE, "outputs.mine: key 'dbname' is missing"),
    "a number for a password": ("password", 123456, "key 'password' is a number or a yes/no"),
    "a number for a user": ("user", 1, "key 'user' is a number or a yes/no, not text"),
    "a word for a port": ("port", "default", "outputs.mine: key 'port'"),
    "a path of its own": ("search_path", "public", "outputs.mine: it has a search_path"),
    "an unset variable": (
        "password",
        "{{ env_var('COUNTERFOIL_NEVER_SET') }}",
        "outputs.mine.password: environment variable 'COUNTERFOIL_NEVER_SET' is not set. Set it",
    ),
    "an unclosed expression": ("host", "{{ env_var('X'", "outputs.mine.host: cannot be rendered"),
    "an unknown function": ("host", "{{ evn_var('X') }}", "outputs.mine.host: cannot be rendered"),
    "an unknown name": ("host", "{{ hostname }}", "outputs.mine.host: cannot be rendered"),
    "an impossible expression": ("host", "{{ 1 / 0 }}", "outputs.mine.host: cannot be rendered"),
}

OF_ANOTHER_SHAPE = {
    "empty": (b"", "no outputs under 'counterfoil'"),
    "a list": (b"- counterfoil\n", "no outputs under 'counterfoil'"),
    "another profile": (b"app: {outputs: {mine: {}}}\n", "no outputs under 'counterfoil'"),
    "no outputs": (b"counterfoil: {target: mine}\n", "no outputs under 'counterfoil'"),
    "outputs as a list": (b"counterfoil: {outputs: [mine]}\n", "no outputs under 'counterfoil'"),
    "an empty output": (b"counterfoil: {outputs: {mine: }}\n", "outputs.mine: it is empty"),
    "an output as a text": (b"counterfoil: {outputs: {mine: x}}\n", "outputs.mine: it is a single"),
    "outputs by number": (b"counterfoil: {outputs: {1: {}, b: {}}}\n", "Use one of: 1, b"),
    "not UTF-8": (b"counterfoil: {password: '\xe4'}\n", "not UTF-8 text"),
    "not YAML": (b"counterfoil: [\n", "not valid YAML"),
    "a password twice": (b"a: {password: geheim,\n  password: geheim}\n", "profiles.yml:2: not"),
}


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    return tmp_path / "profiles.yml"


def write(profiles: Path, output: dict[str, Any]) -> None:
    profiles.write_text(yaml.safe_dump(changed(PROFILES, "counterfoil.outputs.mine", output)))


@pytest.mark.parametrize(("key", "value", "says"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_output(profiles: Path, key: str, value: Any, says: str) -> None:
    write(profiles, changed(OUTPUT, key, value))
    with refused(TargetError, str(profiles), says):
        load_targets("mine", ROOT)


@pytest.mark.parametrize(("content", "says"), OF_ANOTHER_SHAPE.values(), ids=OF_ANOTHER_SHAPE)
def test_profiles_of_another_shape(profiles: Path, content: bytes, says: str) -> None:
    profiles.write_bytes(content)
    with refused(TargetError, str(profiles), says) as caught:
        load_targets("mine", ROOT)
    assert "geheim" not in str(caught[0])


def test_an_unknown_target(profiles: Path) -> None:
    write(profiles, OUTPUT)
    with refused(TargetError, str(profiles), "unknown target 'ours'", "Use one of: mine"):
        load_targets("ours", ROOT)


def test_a_target_that_would_colour_a_terminal(profiles: Path) -> None:
    write(profiles, OUTPUT)
    with refused(TargetError, "unknown target '[red] [31mx'"):
        load_targets("[red]\n\x1b[31mx", ROOT)


def test_no_profiles(profiles: Path) -> None:
    with refused(TargetError, str(profiles.parent), "no profiles.yml", "counterfoil init"):
        load_targets("mine", ROOT)


def test_a_folder_in_place_of_the_profiles(profiles: Path) -> None:
    profiles.mkdir()
    with refused(TargetError, str(profiles.parent), "no profiles.yml"):
        load_targets("mine", ROOT)


@pytest.mark.parametrize("braces", ["{{ s3cret", "{% s3cret %}", "{{ s3cret() }}"])
def test_a_password_is_never_quoted(profiles: Path, braces: str) -> None:
    write(profiles, changed(OUTPUT, "password", braces))
    with refused(TargetError, "outputs.mine.password: cannot be rendered") as caught:
        load_targets("mine", ROOT)
    assert "s3cret" not in str(caught[0])


def test_the_password_is_in_no_text_of_a_target(profiles: Path) -> None:
    write(profiles, OUTPUT)
    target, _ = load_targets("mine", ROOT)
    assert "s3cret" not in f"{target} {target!r}"
    assert target.libpq["password"] == "s3cret"


@pytest.mark.parametrize(("password", "dbname"), [("pass", "database"), ("password", "dbname")])
def test_either_of_dbts_spellings(profiles: Path, password: str, dbname: str) -> None:
    output = {**OUTPUT, password: "s3cret", dbname: "app"}
    for other in {"pass", "password", "database", "dbname"} - {password, dbname}:
        output.pop(other, None)
    write(profiles, output)
    target, _ = load_targets("mine", ROOT)
    assert (target.libpq["password"], target.libpq["dbname"]) == ("s3cret", "app")


def test_outputs_may_share_an_anchor(profiles: Path) -> None:
    profiles.write_text(
        "counterfoil:\n  outputs:\n"
        "    mine: &mine {type: postgres, host: h, user: u, dbname: d}\n"
        "    mine_audit: {<<: *mine, user: reader}\n"
    )
    builder, auditor = load_targets("mine", ROOT)
    assert (builder.user, auditor.user, auditor.dbname) == ("u", "reader", "d")


# The database itself.


@pytest.fixture(scope="module")
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_database_is_down(unused_port: int) -> None:
    target = Target.model_validate(
        OUTPUT | {"name": "mine", "host": "127.0.0.1", "port": unused_port}
    )
    with refused(
        UnavailableError,
        f"target 'mine' (auditor@127.0.0.1:{unused_port}/app): cannot connect: Connection refused",
        "Check that the database is up",
    ):
        check_database(load_contract(ROOT), Session.alone(target, Settings()))


def test_there_is_no_such_host() -> None:
    target = Target.model_validate(OUTPUT | {"name": "mine", "host": "/nowhere"})
    where = "target 'mine' (auditor@/nowhere"
    with refused(UnavailableError, where, "cannot connect: No such file"):
        check_database(load_contract(ROOT), Session.alone(target, Settings()))


def test_another_database_of_the_server(overnight: Database) -> None:
    """Were it a copy of the first, views and all, nothing else would tell them apart."""
    builder = overnight.plan.session.builder
    role = builder.model_copy(update={"name": "demo_audit", "sslmode": "prefer"})
    check_one_database(builder, (builder, role), overnight.settings)
    other = builder.model_copy(update={"name": "demo_history", "dbname": "postgres"})
    with refused(TargetError, "target 'demo_history'", "another database than that of target 'de"):
        check_one_database(builder, (role, other), overnight.settings)


@pytest.fixture
def with_password(overnight: Database, superuser: Connection) -> Iterator[Target]:
    """A role that the demo's server asks for its password; nobody else is."""
    rules = overnight.server_log.with_name("pg_hba.conf")
    before = rules.read_text()
    with superuser.cursor() as cursor:
        cursor.execute("create role counterfoil_asked login password 'right'")
        rules.write_text(f"local all counterfoil_asked scram-sha-256\n{before}")
        try:
            cursor.execute("select pg_reload_conf()")
            yield overnight.plan.session.builder.model_copy(update={"user": "counterfoil_asked"})
        finally:
            rules.write_text(before)
            cursor.execute("select pg_reload_conf()")
            cursor.execute("drop role counterfoil_asked")


def test_a_wrong_password(with_password: Target, overnight: Database) -> None:
    def asked(password: str) -> Target:
        return Target.model_validate(
            with_password.model_dump(exclude={"password"}) | {"password": password}
        )

    with refused(TargetError, "target 'demo'", "password authentication failed") as caught:
        connect(asked("wr0ng"), overnight.settings)
    assert "wr0ng" not in str(caught[0])
    with refused(TargetError, "target 'demo'", "no password supplied"):
        connect(asked(""), overnight.settings)
    connect(asked("right"), overnight.settings).close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"user": "nobody_at_all"}, 'role "nobody_at_all" does not exist'),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"sslmode": "banana"}, "sslmode"),
        ({"port": 99999}, "port"),
        ({"dbname": "a\n[red]\x1b[31m"}, "database"),
    ],
)
def test_a_connection_that_is_refused(
    overnight: Database, change: dict[str, Any], says: str
) -> None:
    with refused(TargetError, "target 'demo'", "cannot connect", says):
        connect(overnight.plan.session.builder.model_copy(update=change), overnight.settings)


# The last three are Postgres' and not Python's, whose years are those from 1 to 9999.
@pytest.fixture(params=["yesterdayish", "0044-03-15 BC", "20000-01-01", "infinity"])
def dated_wrongly(
    overnight: Database, superuser: Connection, request: pytest.FixtureRequest
) -> Iterator[Target]:
    with superuser.cursor() as cursor:
        cursor.execute("create database counterfoil_undated")
        cursor.execute(
            f"alter database counterfoil_undated set counterfoil.as_of = '{request.param}'"
        )
        try:
            yield overnight.plan.session.builder.model_copy(
                update={"dbname": "counterfoil_undated"}
            )
        finally:
            cursor.execute("drop database counterfoil_undated")


def test_a_database_that_declares_no_instant(dated_wrongly: Target, overnight: Database) -> None:
    with (
        refused(TargetError, "target 'demo'", "its counterfoil.as_of is not an instant"),
        open_snapshot(Session.alone(dated_wrongly, overnight.settings)),
    ):
        pytest.fail("a snapshot was opened")


def test_a_snapshot_leaves_no_connection(overnight: Database) -> None:
    with psycopg2.connect(overnight.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where application_name = 'counterfoil'"
        )
        assert cursor.fetchone() == (0,)
    connection.close()
