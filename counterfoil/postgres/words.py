"""What Postgres says of an error, without what it may quote of a row."""

import logging

from psycopg2 import errorcodes

from counterfoil.common.text import first_line

log = logging.getLogger(__name__)

# Classes of SQLSTATE whose messages name objects, types, roles, settings and limits; what they
# quote of a row is in lines of its own. Those of others quote values in the message itself: a
# data exception says 'invalid input syntax for type date: "Zoe, ..."', and what a function
# raises may be anything.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_NAMING = frozenset(
    ["08", "0A", "23", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"]
)


def words_of(error: BaseException) -> str:
    """One line for reports, the history and alerts, which no row of anybody's is to reach.

    Where Postgres may have quoted one, it is the error's condition and code, and what Postgres
    itself says goes to the log alone.

    Args:
        error: the driver's, or SQLAlchemy's around it.
    """
    error = getattr(error, "orig", None) or error
    code = getattr(error, "pgcode", None)
    if code is None or code[:2] in _NAMING:
        return first_line(error)
    log.warning("Postgres says: %s", first_line(error))
    return f"{_condition(code)} ({code})"


def _condition(code: str) -> str:
    try:
        return errorcodes.lookup(code).lower().replace("_", " ")
    except KeyError:
        # Of an extension's, or a function's, own making.
        return "an error"
