"""A copy of a database, on the same server, for as long as something is tried on it."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import errors, sql

from counterfoil.common.errors import RepairError, TargetError
from counterfoil.common.settings import Settings
from counterfoil.common.text import first_line
from counterfoil.postgres.connection import connect
from counterfoil.postgres.profiles import Target

log = logging.getLogger(__name__)

# One cannot copy a database that one is connected to.
_MAINTENANCE = "postgres"
_OTHERWISE = (
    "Name a target that is a copy already and add --in-place, or add it here: it locks the"
    " rows of the plan until it has rolled back"
)


@contextmanager
def copied(target: Target, settings: Settings) -> Iterator[Target]:
    """A copy of the target's database, dropped in the end.

    Args:
        target: the database, through a role that owns it and may create databases.
        settings: the operator's.

    Raises:
        RepairError: the server refuses to copy it: others are connected, or the role may not.
        TargetError: the server cannot be reached.
    """
    copy = target.model_copy(update={"dbname": f"counterfoil_repair_{secrets.token_hex(6)}"})
    name = sql.Identifier(copy.dbname)
    server = target.model_copy(update={"dbname": _MAINTENANCE})
    try:
        _execute(
            sql.SQL("create database {} template {}").format(name, sql.Identifier(target.dbname)),
            server,
            settings,
        )
    except psycopg2.Error as cause:
        raise RepairError(
            f"cannot be copied: {_reason(cause, target)}", where=str(target), remedy=_OTHERWISE
        ) from None
    try:
        # Who may connect to a database is not copied with it: everybody may.
        _execute(sql.SQL("revoke all on database {} from public").format(name), server, settings)
        yield copy
    finally:
        try:
            _execute(sql.SQL("drop database {} with (force)").format(name), server, settings)
        except (psycopg2.Error, TargetError) as cause:
            log.warning("%s is still there: drop it yourself (%s)", copy.dbname, cause)


def _execute(statement: sql.Composed, server: Target, settings: Settings) -> None:
    with closing(connect(server, settings)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _reason(cause: psycopg2.Error, target: Target) -> str:
    if isinstance(cause, errors.ObjectInUse):
        return f"others are connected to {target.dbname}, and Postgres copies no database in use"
    if isinstance(cause, errors.InsufficientPrivilege):
        return f"role {target.user} has no CREATEDB right, or does not own {target.dbname}"
    return first_line(cause)
