"""`counterfoil doctor`: what stands in the way of an audit, all of it, and what to do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import CounterfoilError, TargetError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.contract.discovery import discover
from counterfoil.pipeline.plan import named_by_views
from counterfoil.pipeline.preflight import check_auditor, check_database, check_disk
from counterfoil.postgres.connection import Refusal, connect, connected
from counterfoil.postgres.one_database import check_one_database
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.replica import await_replay, is_replica
from counterfoil.postgres.session import Session
from counterfoil.suites.suite import load_suites
from counterfoil.views.build import are_current
from counterfoil.views.project import check_own_models

State = Literal["ok", "look", "fail"]

_OLDEST, _NEWEST = 15, 18

_SERVER = """
    select
        current_setting('server_version'),
        current_setting('server_version_num')::int / 10000,
        role.rolsuper,
        role.rolbypassrls
    from pg_catalog.pg_roles as role
    where role.rolname = current_user
"""

# Of the session's settings that a pooler may have dropped; connection.py sends them all.
_SETTINGS = "select current_setting('row_security'), pg_backend_pid()"

_LOCKS = """
    select
        current_setting('max_locks_per_transaction')::bigint * (
            current_setting('max_connections')::bigint
            + current_setting('max_prepared_transactions')::bigint
        ),
        (select count(*) from pg_catalog.pg_locks where not fastpath)
"""

_ZONELESS = """
    select count(*)
    from pg_catalog.pg_attribute as attribute
    join pg_catalog.pg_class as relation on relation.oid = attribute.attrelid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where (namespace.nspname, relation.relname) in (select * from unnest(%s::text[], %s::text[]))
        and attribute.atttypid = 'pg_catalog.timestamp'::pg_catalog.regtype
        and attribute.attnum > 0
        and not attribute.attisdropped
"""

_COLLATION = """
    select datcollversion, pg_catalog.pg_database_collation_actual_version(oid)
    from pg_catalog.pg_database
    where datname = current_database()
"""


@dataclass(frozen=True)
class Line:
    """One thing that was looked at.

    Attributes:
        state: `fail` where an audit would not run, `look` where a person should.
        what: its name.
        says: what was found, and what to do about it.
    """

    state: State
    what: str
    says: str


def examine(target: str, contract_file: Path | None, settings: Settings) -> Iterator[Line]:
    """Looks at everything that an audit of the target needs, and changes nothing.

    Args:
        target: an output of profiles.yml.
        contract_file: a contract in place of the folder's own.
        settings: the operator's.
    """
    yield Line("ok", "versions", f"Counterfoil {version('counterfoil')}, dbt {version('dbt-core')}")
    yield from _trying("reports", partial(_disk, settings))
    contracts: list[Contract] = []
    yield from _trying("contract", partial(_contract, contract_file, settings, contracts))
    try:
        session = Session.of(target, settings)
    except CounterfoilError as error:
        yield Line("fail", "profile", str(error))
        return
    targets = dict.fromkeys((session.builder, session.auditor, session.historian))
    roles = [line for each in targets for line in _trying("role", partial(_role, each, settings))]
    yield from roles
    if any(line.state == "fail" for line in roles):
        return
    for what, look in (
        ("snapshot", _snapshot),
        ("replica", _replica),
        ("lock table", _lock_table),
        ("collation", _collation),
    ):
        yield from _trying(what, partial(look, session))
    for contract in contracts:
        yield from _trying("rights", partial(_rights, contract, session))


def _trying(what: str, look: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Its lines; an error of ours is one of them."""
    try:
        yield from look()
    except CounterfoilError as error:
        yield Line("fail", what, str(error))


def _disk(settings: Settings) -> Iterator[Line]:
    check_disk(settings)
    yield Line("ok", "reports", f"{settings.reports_path} can be written")


def _contract(file: Path | None, settings: Settings, into: list[Contract]) -> Iterator[Line]:
    load_suites(*settings.expectations_dirs)
    check_own_models(settings)
    contract = load_contract(settings.project_dir, file)
    into.append(contract)
    yield Line("ok", "contract", f"of {contract.database}, packs {', '.join(contract.packs)}")


def _role(target: Target, settings: Settings) -> Iterator[Line]:
    with closing(connect(target, settings)) as connection:
        _refuse_pooler(target, connection, settings)
        yield from _server(target, connection)


def _refuse_pooler(target: Target, connection: Connection, settings: Settings) -> None:
    """That nobody between us and the server hands its sessions out by transaction."""
    with closing(connect(target, settings)) as other:
        asked = [_row(each, _SETTINGS) for each in (connection, other)]
    is_shared = asked[0][1] == asked[1][1]
    if is_shared or asked[0][0] != "off":
        raise TargetError(
            "a pooler in transaction mode is in between: two connections share a session"
            if is_shared
            else "a pooler is in between, which drops the settings of our sessions",
            where=str(target),
            remedy="Point it at the server itself: its own port, mostly 5432, or the host that"
            " your provider calls direct",
        )


def _server(target: Target, connection: Connection) -> Iterator[Line]:
    exact, major, is_superuser, bypasses = _row(connection, _SERVER)
    if not _OLDEST <= int(str(major)) <= _NEWEST:
        raise TargetError(
            f"it is PostgreSQL {exact}", where=str(target), remedy=f"Use {_OLDEST} to {_NEWEST}"
        )
    rights = ", BYPASSRLS" if bypasses else ""
    says = f"{target}: PostgreSQL {exact}{rights}"
    if is_superuser:
        yield Line("look", "role", f"{says}. A superuser may write anything: counterfoil grants")
    else:
        yield Line("ok", "role", says)


def _snapshot(session: Session) -> Iterator[Line]:
    check_one_database(session.builder, (session.auditor, session.historian), session.settings)
    yield Line("ok", "snapshot", "exported by the builder, and known to the others")


def _replica(session: Session) -> Iterator[Line]:
    refusal = Refusal(TargetError)
    with connected(session.auditor, session.settings, refusal) as auditor:
        if not is_replica(auditor):
            yield Line("ok", "replica", "none: audits are of the primary")
            return
        with session.as_builder(refusal) as primary:
            await_replay(auditor, session.auditor, primary, session.settings)
    yield Line("ok", "replica", "audits are of a replica, which keeps up")


def _lock_table(session: Session) -> Iterator[Line]:
    with session.as_builder(Refusal(TargetError)) as connection:
        room, taken = (int(str(number)) for number in _row(connection, _LOCKS))
    says = f"room for {room:,} locks, {taken:,} taken; an audit takes a tenth at most"
    if taken * 10 > room * 8:
        yield Line("look", "lock table", f"{says}. Raise max_locks_per_transaction")
    else:
        yield Line("ok", "lock table", says)


def _collation(session: Session) -> Iterator[Line]:
    with session.as_builder(Refusal(TargetError)) as connection:
        recorded, present = _row(connection, _COLLATION)
    if recorded is not None and recorded != present:
        yield Line(
            "look",
            "collation",
            f"made with version {recorded}, now {present}: indexes of text may be out of order."
            " Run REINDEX DATABASE, then ALTER DATABASE ... REFRESH COLLATION VERSION",
        )
    else:
        yield Line("ok", "collation", f"version {recorded or 'none'}, as it was")


def _rights(declared: Contract, session: Session) -> Iterator[Line]:
    needed = named_by_views(load_suites(*session.settings.expectations_dirs), declared)
    contract = check_database(discover(declared, session), session, needed)
    if missing := contract.facts.missing:
        yield Line("look", "tables", f"not there, and so a finding: {', '.join(sorted(missing))}")
    with session.as_builder(Refusal(TargetError)) as connection, connection.cursor() as cursor:
        located = contract.relations
        cursor.execute(
            _ZONELESS, ([schema for schema, _ in located], [name for _, name in located])
        )
        ((zoneless,),) = cursor.fetchall()
    readable = len(contract.relations) - len(missing)
    yield Line("ok", "rights", f"{readable} tables can be read, every row of them")
    if zoneless:
        yield Line(
            "look",
            "time zones",
            f"{zoneless} columns of these are timestamps without a zone: where the contract names"
            " one for freshness, it says which zone is meant",
        )
    if not are_current(contract, session):
        yield Line("look", "views", "not there, or of another version: the next run builds them")
        return
    check_auditor(session)
    yield Line("ok", "views", "as this version builds them, and the auditor can read them")


def _row(connection: Connection, query: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    # A pooler may lend the session to somebody else from here on.
    connection.rollback()
    assert row is not None
    return tuple(row)
