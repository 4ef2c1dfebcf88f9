"""What libpq and PostgreSQL's own programs read from the environment, besides their arguments.

PGPASSFILE, PGSSLROOTCERT or PGSERVICE are ordinary ways to reach a database of the user's.
The embedded server is none: PGPORT would move its socket, PGHOSTADDR lead away from it, and
PGSERVICE or PGTARGETSESSIONATTRS end the connection. libpq has no parameters that take the
place of all of them, so the process forgets them, and with it whatever it starts: dbt, pg_ctl.
"""

import os
import re

_VARIABLE = re.compile("PG[A-Z]+(_TIMEOUT)?")
# Sent to the server after `options`, so they would replace what an audit sets there.
_OF_A_SESSION = frozenset({"PGCLIENTENCODING", "PGDATESTYLE", "PGGEQO", "PGTZ"})


def forget_variables() -> None:
    """Removes all of them from the environment, for good: the embedded server is used."""
    _forget({name for name in os.environ if _VARIABLE.fullmatch(name)})


def forget_session_variables() -> None:
    """Removes those that change a session's settings, whichever database it is with."""
    _forget(_OF_A_SESSION.intersection(os.environ))


def _forget(names: set[str] | frozenset[str]) -> None:
    for name in names:
        os.environ.pop(name, None)
