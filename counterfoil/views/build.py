"""Building the reconciliation views with dbt, and only when something has changed."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import BuildError, CounterfoilError, UnavailableError
from counterfoil.common.text import clip
from counterfoil.contract.contract import Contract
from counterfoil.contract.derived import dbt_variables
from counterfoil.postgres.connection import Refusal, is_passing
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.session import Session
from counterfoil.views.dbt import Dbt
from counterfoil.views.parts import name_of_part
from counterfoil.views.project import dbt_project, project_hash

log = logging.getLogger(__name__)

_SCHEMAS = [PUBLIC_SCHEMA, STAGING_SCHEMA]

_VIEWS = """
    select schemaname || '.' || viewname
    from pg_catalog.pg_views
    where schemaname = any(%s)
"""

# Views of other schemas that stand on ours: what analysts made.
_DEPENDENTS = """
    select distinct dependent_schema.nspname || '.' || dependent.relname
    from pg_catalog.pg_depend as dependency
    join pg_catalog.pg_rewrite as rewrite on rewrite.oid = dependency.objid
    join pg_catalog.pg_class as dependent on dependent.oid = rewrite.ev_class
    join pg_catalog.pg_namespace as dependent_schema
        on dependent_schema.oid = dependent.relnamespace
    join pg_catalog.pg_class as ours on ours.oid = dependency.refobjid
    join pg_catalog.pg_namespace as our_schema on our_schema.oid = ours.relnamespace
    where dependency.classid = 'pg_catalog.pg_rewrite'::regclass
        and dependency.refclassid = 'pg_catalog.pg_class'::regclass
        and our_schema.nspname = any(%s)
        and dependent_schema.nspname <> all(%s)
    order by 1
"""

# What Postgres says of `create or replace view`: 42P16, which dbt's message leaves out.
_REFUSED = re.compile("cannot (change .* of view column|drop columns from view)")

# Of what so many are done, and of how many.
Progress = Callable[[str, int, int], None]


def unseen(_what: str, _done: int, _of: int) -> None:
    """The progress of a build that nobody watches."""


# Characters: dbt may quote the whole contract.
_LONGEST_MESSAGE = 1_000

_MARK = "select obj_description(to_regnamespace(%s), 'pg_namespace')"


@dataclass(frozen=True)
class Build:
    """What stands in the database: the project's hash, and the views it made."""

    project_hash: str
    views: frozenset[str]

    @classmethod
    def read(cls, connection: Connection) -> "Build | None":
        """The build that the schema's comment records; None if it records none."""
        with connection.cursor() as cursor:
            cursor.execute(_MARK, (PUBLIC_SCHEMA,))
            (comment,) = cursor.fetchone() or (None,)
        try:
            mark = json.loads(comment)["counterfoil"]
            return cls(mark["hash"], frozenset(mark["views"]))
        except (TypeError, ValueError, KeyError):
            return None

    def write(self, connection: Connection) -> None:
        """Records the build as the comment of the schema that the views are in."""
        mark = {"counterfoil": {"hash": self.project_hash, "views": sorted(self.views)}}
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("comment on schema {} is {}").format(
                    sql.Identifier(PUBLIC_SCHEMA), sql.Literal(json.dumps(mark))
                )
            )
        connection.commit()


@dataclass(frozen=True)
class Views:
    """What became of the views.

    Attributes:
        are_new: whether they were built.
        unproven: by view, which data test of it has failed on the rows that are there.
    """

    are_new: bool = False
    unproven: Mapping[str, str] = field(default_factory=dict)


def ensure_views(
    contract: Contract,
    session: Session,
    *,
    although_unchanged: bool = False,
    progress: Progress = unseen,
) -> Views:
    """Builds the views if the project, the contract or the server changed, or one is gone.

    After a build dbt's own data tests run: they prove the SQL on the rows that are there, and
    are not for every night. Where one fails, the next night builds and tries again.

    The history's tables have to be there: views stand on them.

    Args:
        contract: completed from the catalog; dbt gets it as its var.
        session: whose builder owns the views.
        although_unchanged: build them whatever has changed.
        progress: called with what is done (`view`, `data test`), how many, and of how many.

    Raises:
        BuildError: dbt failed, or a changed view cannot be replaced because another view
            depends on it; names it.
        UnavailableError: the connection was lost meanwhile.
    """
    settings = session.settings
    with session.as_builder(Refusal(BuildError)) as connection:
        variables = dbt_variables(contract)
        wanted = project_hash(variables, settings, connection.server_version)
        standing = Build.read(connection)
        if standing and not although_unchanged and _is_current(standing, wanted, connection):
            log.info("Views are up to date: %d of them, none rebuilt", len(standing.views))
            return Views()
        if standing:
            # A build that fails half-way leaves views of two contracts: neither stands.
            Build("", standing.views).write(connection)
        with (
            dbt_project(contract.packs, settings) as project,
            Dbt(project, connection, session.builder, variables, settings) as dbt,
        ):
            views = _run(dbt, connection, partial(progress, "view"))
            unproven = _test(dbt, partial(progress, "data test"))
        _drop_views(_existing_views(connection) - views, connection)
        if unproven:
            # No later build takes it for its own.
            Build(_unproven(wanted), views).write(connection)
            log.warning("Built %d views; of %d data tests failed", len(views), len(unproven))
        else:
            Build(wanted, views).write(connection)
            log.info("Built %d views, and their data tests passed", len(views))
        return Views(are_new=True, unproven=unproven)


def are_current(contract: Contract, session: Session) -> bool:
    """Whether the views stand as they would be built, proven by their data tests or not.

    Raises:
        TargetError: the database cannot be reached.
    """
    with session.as_builder(Refusal(BuildError)) as connection:
        standing = Build.read(connection)
        wanted = project_hash(dbt_variables(contract), session.settings, connection.server_version)
        return standing is not None and any(
            _is_current(standing, mark, connection) for mark in (wanted, _unproven(wanted))
        )


def drop_views(session: Session) -> int:
    """Drops every view of ours, so that the application can change the tables below them.

    Nothing else goes: not the schemas, their privileges or the history. The next audit
    builds the views again.

    Returns:
        How many were dropped.

    Raises:
        BuildError: other views depend on them; names those, and drops none.
        TargetError: the database cannot be reached.
    """
    with session.as_builder(Refusal(BuildError)) as connection:
        views = _existing_views(connection)
        dependents = _dependents(connection)
        if dependents:
            raise BuildError(
                f"not dropped, because these depend on our views: {', '.join(dependents)}",
                where=str(session.builder),
                remedy="Drop those first (DROP VIEW), if their owners agree",
            )
        _drop_views(views, connection)
        return len(views)


def _is_current(standing: Build, wanted: str, connection: Connection) -> bool:
    return standing.project_hash == wanted and standing.views <= _existing_views(connection)


def _unproven(project_hash: str) -> str:
    return f"{project_hash} unproven"


def _existing_views(connection: Connection) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(_VIEWS, (_SCHEMAS,))
        return frozenset(name for (name,) in cursor)


def _run(dbt: Dbt, connection: Connection, progress: Callable[[int, int], None]) -> frozenset[str]:
    """Replaces the views in place; where Postgres refuses that, drops and creates them."""
    outcome = dbt.invoke(["run"], progress)
    if _is_replacement_refused(outcome):
        dependents = _dependents(connection)
        if dependents:
            raise BuildError(
                f"{_first_failure(outcome)}; not dropped, because these depend on our views:"
                f" {', '.join(dependents)}",
                where="dbt run",
                remedy="Correct the model, or drop those views and run again",
            )
        outcome = dbt.invoke(["run", "--full-refresh"], progress)
    if not outcome["success"]:
        raise _failure(outcome, where="dbt run", remedy="Correct the model, and run again")
    if not outcome["nodes"]:
        raise BuildError(
            "the contract switches every model off",
            where="dbt run",
            remedy="Check the contract's packs",
        )
    return frozenset(
        name_of_part(node["relation"], number + 1)
        for node in outcome["nodes"]
        for number in range(node["parts"])
    )


def _dependents(connection: Connection) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DEPENDENTS, (_SCHEMAS, _SCHEMAS))
        names = [name for (name,) in cursor]
    connection.rollback()
    return names


def _drop_views(stale: Iterable[str], connection: Connection) -> None:
    """Drops views that the project no longer makes, all at once and none that others use."""
    names = [sql.Identifier(*name.split(".", 1)) for name in sorted(stale)]
    if not names:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("drop view {}").format(sql.SQL(", ").join(names)))
    except psycopg2.Error as cause:
        connection.rollback()
        reason = cause.diag.message_detail or cause.diag.message_primary
        raise BuildError(
            f"views cannot be dropped: {reason}",
            where=PUBLIC_SCHEMA,
            remedy="Drop what depends on them, or end what uses them, then run again",
        ) from None
    connection.commit()


def _is_replacement_refused(outcome: dict[str, Any]) -> bool:
    """Whether a view has to go first: its columns changed. Dropping helps nothing else."""
    return any(
        node["status"] == "error" and _REFUSED.search(node["message"]) for node in outcome["nodes"]
    )


def _test(dbt: Dbt, progress: Callable[[int, int], None]) -> Mapping[str, str]:
    """By view, which data test of it, or of what it stands on, has failed.

    Its rows are the application's, so that it is no reason to give up the audit. What the
    database says may quote one of them, and is the log's alone.
    """
    outcome = dbt.invoke(["test", "--select", "test_type:data"], progress)
    unproven: dict[str, str] = {}
    for node in outcome["nodes"]:
        if node["status"] == "error" and is_passing(node["message"]):
            raise _failure(outcome, where="dbt test", remedy="Run again")
        if node["status"] in ("error", "fail"):
            log.warning("Data test %s: %s", node["name"], node["message"])
            said = node["message"] if node["status"] == "fail" else "see the log"
            for view in node["concerns"]:
                unproven.setdefault(view, f"data test {node['name']}, {node['status']}: {said}")
    if not (outcome["success"] or unproven):
        raise _failure(outcome, where="dbt test", remedy="Correct what dbt names, and run again")
    return unproven


def _failure(outcome: dict[str, Any], *, where: str, remedy: str) -> CounterfoilError:
    said = _first_failure(outcome)
    if is_passing(said):
        return UnavailableError(said, where=where, remedy="Check that the database is up")
    return BuildError(said, where=where, remedy=remedy)


def _first_failure(outcome: dict[str, Any]) -> str:
    for node in outcome["nodes"]:
        if node["status"] in ("error", "fail"):
            return clip(f"{node['name']}: {node['message']}", _LONGEST_MESSAGE)
    return clip(outcome["exception"] or "dbt failed without saying why", _LONGEST_MESSAGE)
