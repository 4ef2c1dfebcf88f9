"""The demo's other systems: a database each, loaded when asked for, and again on request."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from commands import counterfoil
from conftest import ROOT
from refusals import assert_one_line
from test_demo_snapshots import run

from counterfoil import demo
from counterfoil.common.errors import EXIT_ERROR, DemoError
from counterfoil.postgres.profiles import load_targets

SYSTEM = "trvl_social"
CHANGE = "drop table post_shares"
CHANGED = "select to_regclass('public.post_shares') is null"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("systems")
    yield directory
    demo.stop(directory)


def test_what_a_user_changed_stays_until_it_is_loaded_again(data_dir: Path) -> None:
    url = demo.start_system(data_dir, SYSTEM)
    assert run(url, CHANGED) is False
    run(url, CHANGE)
    assert run(demo.start_system(data_dir, SYSTEM), CHANGED) is True
    assert run(demo.load_system(data_dir, SYSTEM), CHANGED) is False


def test_one_that_is_in_use_is_not_made_anew(data_dir: Path) -> None:
    url = demo.start_system(data_dir, SYSTEM)
    with closing(psycopg2.connect(url)), pytest.raises(DemoError, match="End them, then load"):
        demo.load_system(data_dir, SYSTEM)


def test_systems_can_be_started_at_once(data_dir: Path) -> None:
    """They make the same roles."""
    demo.start_system(data_dir, SYSTEM)
    for name in demo.SYSTEMS:
        demo.load_system(data_dir, name)
    with ThreadPoolExecutor() as pool:
        urls = list(pool.map(lambda name: demo.load_system(data_dir, name), demo.SYSTEMS))
    assert [psycopg2.connect(url).info.dbname for url in urls] == list(demo.SYSTEMS)


def test_an_unknown_one_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    for refuse in (demo.start_system, demo.load_system):
        with pytest.raises(DemoError, match=r"no system 'nope'\. Choose one of empwr"):
            refuse(tmp_path, "nope")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["start", "load"])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--system", "Empwr"), "empwr, cleanrylie, "),
        (("--system", SYSTEM, "--snapshot", "overnight"), "has no snapshots"),
    ],
)
def test_the_command_refuses_in_one_line(
    verb: str, options: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    finished = counterfoil("demo", verb, *options, "--data-dir", tmp_path)
    assert finished.returncode == EXIT_ERROR
    assert finished.stdout == ""
    assert_one_line(finished.stderr.removesuffix("\n"))
    assert named in finished.stderr


@pytest.mark.parametrize("name", demo.SYSTEMS)
def test_each_has_its_files_and_its_target(name: str, environment: pytest.MonkeyPatch) -> None:
    system = demo.SYSTEMS[name]
    assert all(any(ROOT.glob(f"demo/{pattern}")) for pattern in system.files)
    builder, auditor = load_targets(name, ROOT)
    assert builder.dbname == auditor.dbname == name
