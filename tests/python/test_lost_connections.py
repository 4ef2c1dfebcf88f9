"""A connection that is lost says so, wherever it is lost: then the same is tried again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from proxy import Network, network
from refusals import refused
from servers import server

import counterfoil.contract.discovery
import counterfoil.draft.survey
import counterfoil.history.tables
import counterfoil.migrations.deployment
from counterfoil.common.errors import UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract
from counterfoil.contract.discovery import discover
from counterfoil.draft.survey import survey
from counterfoil.history.tables import ensure_history
from counterfoil.migrations.deployment import load_migrations, with_histories
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with server(tmp_path_factory.mktemp("lost") / "server") as running:
        yield running.target()


@pytest.fixture
def far(target: Target) -> Iterator[tuple[Network, Target]]:
    """The server behind a network that can be cut."""
    with network(target.port) as between:
        yield between, target.model_copy(update={"host": "127.0.0.1", "port": between.port})


@pytest.fixture
def migrating(tmp_path: Path) -> Contract:
    """A contract that tells of one migration, and of tenants."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001_first.sql").write_text("create table a (id int primary key);\n")
    return Contract.model_validate(
        {
            "database": "lost",
            "schema": "public",
            "packs": ["tenancy", "migrations"],
            "tenant": {"table": "a", "column": "a_id"},
            "tables": {"a": {"key": "id", "in_use": True}},
            "migrations": {"all": {"folder": "migrations", "layout": "numbered"}},
        }
    )


Step = Callable[[Contract, Path, Session], Any]

# What each asks of the database, and where it is cut off: before that is called.
STEPS: dict[str, tuple[Step, Any, str]] = {
    "discovering": (
        lambda contract, _, session: discover(contract, session),
        counterfoil.contract.discovery.Catalog,
        "read",
    ),
    "looking for histories": (with_histories, counterfoil.migrations.deployment, "_columns"),
    "loading migrations": (load_migrations, counterfoil.migrations.deployment, "create_tables"),
    "surveying": (
        lambda _, __, session: survey(session),
        counterfoil.draft.survey,
        "_survey",
    ),
    "making the history": (
        lambda _, __, session: ensure_history(session),
        counterfoil.history.tables,
        "_migrations",
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_it_is_said_that_it_was_lost(
    step: str,
    far: tuple[Network, Target],
    migrating: Contract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    between, target = far
    take, holder, name = STEPS[step]
    genuine = getattr(holder, name)

    def cut_off(*arguments: Any) -> Any:
        between.cut()
        return genuine(*arguments)

    monkeypatch.setattr(holder, name, cut_off)
    with refused(UnavailableError, f"127.0.0.1:{target.port}", "the connection was lost"):
        take(migrating, tmp_path, Session.alone(target, Settings()))
