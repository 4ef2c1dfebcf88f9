"""A database is reached as people reach theirs: by a URL, a service, a socket, .pgpass."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import yaml
from conftest import ROOT, Database
from refusals import refused

from counterfoil.common.errors import TargetError
from counterfoil.common.settings import Settings
from counterfoil.postgres.connection import _refusal, connect
from counterfoil.postgres.profiles import Target, default_target, load_historian, load_targets
from counterfoil.views.dbt_profile import PASSWORD_VARIABLE, write_profile


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    return tmp_path / "profiles.yml"


def test_every_part_of_a_url_is_kept() -> None:
    target = Target.of_url(
        "postgresql://m%40e:p%40ss%2Fw%3Ard@db.internal:6000/a%20b"
        "?sslmode=verify-full&sslrootcert=/ca.pem&channel_binding=require"
    )
    assert target.libpq == {
        "host": "db.internal",
        "port": 6000,
        "user": "m@e",
        "password": "p@ss/w:rd",
        "dbname": "a b",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
        "channel_binding": "require",
    }
    assert "p@ss" not in f"{target} {target!r}"


def test_a_url_is_a_target_for_one_role(
    profiles: Path, overnight: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", overnight.url)
    assert default_target(ROOT) == "DATABASE_URL"
    builder, auditor = load_targets("DATABASE_URL", ROOT)
    assert builder == auditor == load_historian("DATABASE_URL", ROOT)
    with closing(connect(builder, Settings())) as connection:
        assert connection.info.dbname == "empwr"


def test_the_profile_says_which_target_is_meant(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", "blue")
    profiles.write_text("counterfoil: {target: \"{{ env_var('STAGE') }}\", outputs: {a: {}}}")
    assert default_target(ROOT) == "blue"
    profiles.write_text("counterfoil: {outputs: {a: {}}}")
    with refused(TargetError, str(profiles), "it names no target of its own"):
        default_target(ROOT)


def test_a_service_and_pgpass_mean_the_same_to_dbt(
    profiles: Path, overnight: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = overnight.plan.session.builder
    services = tmp_path / "services.conf"
    services.write_text(f"[books]\nhost={demo.host}\nport={demo.port}\n")
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:postgres:s3cret\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    output = {"type": "postgres", "service": "books", "user": "postgres", "dbname": "empwr"}
    profiles.write_text(yaml.safe_dump({"counterfoil": {"outputs": {"mine": output}}}))
    target, _ = load_targets("mine", ROOT)
    with closing(connect(target, Settings())) as connection:
        (tmp_path / "dbt").mkdir()
        write_profile(tmp_path / "dbt", target, connection)
        assert connection.info.password == "s3cret"
    written = yaml.safe_load((tmp_path / "dbt" / "profiles.yml").read_text())
    told = written["counterfoil"]["outputs"]["mine"]
    assert (told["host"], told["dbname"], told["user"]) == (demo.host, "empwr", "postgres")
    assert told["password"] == f"{{{{ env_var('{PASSWORD_VARIABLE}') }}}}"

    output["service"] = "nowhere"
    profiles.write_text(yaml.safe_dump({"counterfoil": {"outputs": {"mine": output}}}))
    target, _ = load_targets("mine", ROOT)
    with refused(TargetError, "nowhere", "cannot connect"):
        connect(target, Settings())


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("role", "owner", "it has a role"),
        ("search_path", "app", "it has a search_path"),
        ("host", "{{ target.name }}.internal", "Write what `target.name` stands for"),
        ("host", "{{ var('host') }}", "Write what `var` stands for"),
    ],
)
def test_what_dbt_knows_and_we_do_not_is_refused_by_name(
    profiles: Path, key: str, value: str, says: str
) -> None:
    output = {"type": "postgres", "host": "h", "user": "u", "dbname": "d", key: value}
    profiles.write_text(yaml.safe_dump({"counterfoil": {"outputs": {"mine": output}}}))
    with refused(TargetError, "outputs.mine", says):
        load_targets("mine", ROOT)


def test_a_pooler_that_takes_no_settings_is_named() -> None:
    """What PgBouncer says to whoever sends `options`."""
    said = psycopg2.OperationalError("FATAL:  unsupported startup parameter: options")
    refusal = _refusal(said, Target.of_url("postgresql://u@h:6432/d"))
    assert "It is a pooler that takes no settings" in str(refusal)
    assert "mostly 5432" in str(refusal)
