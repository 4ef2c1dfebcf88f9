"""A real server with the demo in it, built once; each test that writes rolls back."""

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from built import FOLDER, ensure_built, ensure_views_built
from hypothesis import HealthCheck, settings
from psycopg2.extensions import connection as Connection  # noqa: N812
from servers import Server

from counterfoil import demo
from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract
from counterfoil.contract.packs import Pack
from counterfoil.migrations import workspace
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.postgres.connection import connect
from counterfoil.postgres.instant import Instant, OpenTransaction, open_snapshot
from counterfoil.postgres.libpq import forget_variables

# `--browser`, and what is said where there is none.
pytest_plugins = ["browser"]

ROOT = Path(__file__).parents[2]

# A minute and more each (`pytest --durations=0`).
LONGEST = [
    "test_golden_ledgers",
    "test_disasters",
    "test_guard",
    "test_faults",
    "test_harmless",
    "test_report",
    "test_pages",
    "test_draft",
    "test_ledger_oracle",
    "test_what_leaves",
    "test_ledger_recipes",
    "test_migrations_live",
    "test_golden_systems",
    "test_cut_off",
    "test_deployment",
    "test_wheel",
    "test_alerts_from_outside",
    "test_exit_codes",
    "test_fleet",
    "test_history",
    "test_replica",
    "test_traffic",
    "test_repair",
    "test_hibachi",
    "test_migrations",
    "test_roles",
    "test_bad_build",
    "test_vacuous",
]

# What uses one of these waits for dbt, Prefect, a browser, a server or a process; a test of
# the others asks a server that stands by then, once.
SLOW = {"environment", "terminal", "shell", "browser"}
QUICK = {"rows", "judge", "lax", "bare_server"}

# A history costs tens of milliseconds in the database, and a fixture holds for all of them.
_COMMON = settings(
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
settings.register_profile("short", _COMMON, max_examples=100, derandomize=True)
settings.register_profile("long", _COMMON, max_examples=2_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="thousands of random histories, not the same hundred"
    )
    parser.addoption(
        "--fast", action="store_true", help="those alone that take no dbt, Prefect or browser"
    )
    parser.addoption("--slow", action="store_true", help="those alone that --fast leaves out")
    parser.addoption(
        "--postgres",
        type=Path,
        metavar="FOLDER",
        help="folder of initdb and pg_ctl: the demo's database on another Postgres",
    )
    parser.addoption(
        "--oldest",
        action="store_true",
        help="the market on the oldest PostgreSQL that is installed, not on the embedded one",
    )


def pytest_configure(config: pytest.Config) -> None:
    # The servers are the tests' own: nothing of the user's leads to them, or away from them.
    forget_variables()
    settings.load_profile("long" if config.getoption("--long") else "short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first: a worker of pytest-xdist takes whole files, in this order."""
    if config.getoption("--fast") or config.getoption("--slow"):
        left_out = [item for item in items if _is_slow(item) != config.getoption("--slow")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_slow(item) == config.getoption("--slow")]
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else 99)


def _is_slow(item: pytest.Item) -> bool:
    used = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("slow") or (used & SLOW and not used & QUICK))


@dataclass(frozen=True)
class Database:
    """The demo database with its views built.

    Attributes:
        url: its libpq URL, as a superuser.
        server_log: the log of its server.
        plan: what an audit of it does.
    """

    url: str
    server_log: Path
    plan: Plan

    @property
    def settings(self) -> Settings:
        """Those that its audits run with."""
        return self.plan.session.settings

    def audit(
        self,
        instant: Instant | None = None,
        contract: Contract | None = None,
        known: Mapping[str, Collection[str]] | None = None,
        packs: Collection[Pack] = (),
    ) -> Audit:
        """An audit of it, at `instant` or at a snapshot of its own."""
        if instant is None:
            with open_snapshot(self.plan.session) as snapshot:
                return self.audit(snapshot, contract, packs=packs)
        scope = replace(
            self.plan.scope,
            contract=contract or self.plan.scope.contract,
            known=known or {},
            packs=tuple(packs),
        )
        return audit(scope, instant, audit_id="test")

    def judging(self, **scope: Any) -> "Database":
        """The same, judged by another scope in what is named."""
        return replace(self, plan=replace(self.plan, scope=replace(self.plan.scope, **scope)))

    def connecting(self, **session: Any) -> "Database":
        """The same, reached otherwise in what is named."""
        return replace(self, plan=replace(self.plan, session=replace(self.plan.session, **session)))


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[pytest.MonkeyPatch]:
    """Profiles, dbt's target and reports of the tests' own: nothing of the checkout's moves.

    Each worker of pytest-xdist has its own; the views that were built are for all of them,
    and those of `make test-fast` and `make test` for the next run as well.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("counterfoil")
        run = tmp_path_factory.getbasetemp()
        run = run.parent if "PYTEST_XDIST_WORKER" in os.environ else run
        halved = request.config.getoption("--fast") or request.config.getoption("--slow")
        run = ROOT / "target" if halved else run
        patch.setenv(FOLDER, str(run / "built"))
        shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        patch.setenv("COUNTERFOIL_REPORTS_DIR", str(folder / "reports"))
        patch.setenv("COUNTERFOIL_PROJECT_DIR", str(ROOT))
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            patch.delenv(name)
        patch.setenv("PREFECT_HOME", str(folder / "prefect"))
        # A folder of migrations is judged by the same views whatever is in it.
        patch.setattr(workspace, "ensure_views", ensure_views_built)
        yield patch


def start_another(data_dir: Path, binaries: Path) -> None:
    """The demo's server on another Postgres, its files where the demo's own would be."""
    server = Server(data_dir / "postgres", binaries, port=5432)
    server.data = server.folder
    server.log = server.folder / "log"
    server.create()
    server.start(listen_addresses="")


@pytest.fixture(scope="session")
def start_demo(
    environment: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[str], Database]]:
    """Starts servers with a snapshot each, its views built, and stops them in the end."""
    started: list[Path] = []
    binaries: Path | None = request.config.getoption("--postgres")

    def start(snapshot: str) -> Database:
        data_dir = tmp_path_factory.mktemp(snapshot)
        started.append(data_dir)
        if binaries:
            start_another(data_dir, binaries)
            url = demo.load(data_dir, snapshot)
        else:
            url = demo.start(data_dir, snapshot)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COUNTERFOIL_DEMO_HOST", str(demo.socket_dir(data_dir)))
            plan = make_plan("demo", None, Settings())
            ensure_built(plan)
        return Database(url, data_dir / "postgres" / "log", plan)

    yield start
    for data_dir in started:
        demo.stop(data_dir)


@pytest.fixture(scope="session")
def shared(environment: pytest.MonkeyPatch, start_demo: Callable[[str], Database]) -> Database:
    """The overnight snapshot on the server of the whole session: what target `demo` is."""
    started = start_demo("overnight")
    environment.setenv("COUNTERFOIL_DEMO_HOST", started.plan.session.builder.host)
    return started


@pytest.fixture(scope="module")
def overnight(shared: Database) -> Database:
    """The overnight snapshot, audited by most tests; none of them changes it for good.

    Audits of other modules may have been recorded in it: what they left is not remembered.
    """
    with closing(psycopg2.connect(shared.url)) as connection, connection:
        forget_audits(connection)
    return shared


def forget_audits(connection: Connection) -> None:
    """Empties the history that audits are held against, in the connection's transaction."""
    with connection.cursor() as cursor:
        for table in (
            "audits",
            "incidents",
            "closed_days",
            "closed_through",
            "stated_changes",
            "recorded_balances",
        ):
            cursor.execute(f"delete from counterfoil_history.{table}")


@pytest.fixture
def transaction(overnight: Database) -> Iterator[OpenTransaction]:
    """A transaction that an audit can see into, and that is rolled back."""
    connection = connect(overnight.plan.session.builder, overnight.settings)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("begin")
        # Nor what other tests of the module have left.
        forget_audits(connection)
        cursor.execute("select current_setting('counterfoil.as_of')::timestamptz")
        (as_of,) = cursor.fetchone() or (None,)
    try:
        yield OpenTransaction(connection, as_of)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("rollback")
        connection.close()


@pytest.fixture
def superuser(overnight: Database) -> Iterator[Connection]:
    """A connection of somebody else's, in autocommit."""
    connection = psycopg2.connect(overnight.url)
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture(scope="module")
def prefect_api(
    environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A Prefect server for a whole file, and no longer: idle it takes a tenth of a core."""
    from prefects import Prefect

    prefect = Prefect(tmp_path_factory.mktemp("prefect"))
    with prefect.serve():
        yield prefect.api


@pytest.fixture(scope="session")
def market(
    request: pytest.FixtureRequest,
    environment: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    """The lawful market of tests/databases, on the session's server, or on the oldest installed."""
    from applications import application
    from servers import oldest_installed, server

    folder = tmp_path_factory.mktemp("market")
    if not request.config.getoption("--oldest"):
        shared: Database = request.getfixturevalue("shared")
        other = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
        with application(other, "market", folder) as database:
            yield database
        return
    binaries = oldest_installed()
    assert binaries, "--oldest: no PostgreSQL of 15 or later is installed"
    with (
        server(folder / "server", binaries) as oldest,
        application(oldest.target(), "market", folder) as database,
    ):
        yield database
