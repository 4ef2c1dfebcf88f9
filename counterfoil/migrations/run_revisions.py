"""Running Alembic revisions for real, in this process, which is no one else's.

Started by revisions.py, with an order as JSON on standard input: where the database is, which
functions of which files to run, and the file that what they send is written to, a line of JSON
each. Nothing of the package is imported, and nothing of env.py is run.
"""

import ctypes
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, TextIO

_TRANSACTION = ("begin", "commit")
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


class Recorder:
    """Writes down what is sent, with the line of the revision that sends it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._step = 0
        self._file = ""

    def begin(self, step: int, file: str) -> None:
        """What follows is of this step, and sent by this file."""
        self._step, self._file = step, file

    def note(self, **said: Any) -> None:
        """Writes one line, once a step has begun."""
        if not self._file:
            return
        line = {"step": self._step, "line": self._line()} | said
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()

    def _line(self) -> int:
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            if frame.f_code.co_filename == self._file:
                return frame.f_lineno
        return 1


def main() -> None:
    """Runs what is ordered."""
    order = json.load(sys.stdin)
    _leave_the_network()
    sys.path[:0] = order["path"]
    with open(order["out"], "w", encoding="utf-8") as out:
        _run(order, Recorder(out))


def _leave_the_network() -> None:
    """Enters a network of its own, if the system allows it, and refuses Python's connections."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.unshare(_NEW_NETWORK | (_NEW_USER if os.geteuid() else 0))

    def refuse(event: str, given: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto") and not isinstance(given[1], str | bytes):
            raise PermissionError("migrations are run without a network")
        if event == "socket.getaddrinfo":
            raise PermissionError("migrations are run without a network")

    sys.addaudithook(refuse)


def _run(order: dict[str, Any], recorder: Recorder) -> None:
    import sqlalchemy as sa
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    arguments = {"host": order["host"], "dbname": order["database"], "user": "postgres"}
    engine = sa.create_engine(
        "postgresql+psycopg2://", connect_args=arguments, isolation_level="AUTOCOMMIT"
    )

    @sa.event.listens_for(engine, "before_cursor_execute")
    def sent(_connection: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        # What SQLAlchemy asks of the catalog changes nothing.
        if "pg_catalog." in statement and statement.lstrip()[:6].lower() == "select":
            return
        for row in parameters if isinstance(parameters, list) else [parameters]:
            recorder.note(sql=cursor.mogrify(statement, row).decode())

    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        context.autocommit_block = lambda: _outside(recorder)  # type: ignore[method-assign]
        modules: dict[str, ModuleType] = {}
        with Operations.context(context):
            for step, (file, function, instead) in enumerate(order["steps"]):
                recorder.begin(step, file)
                try:
                    if file not in modules:
                        modules[file] = _load(file, f"revision_{step}")
                    called = getattr(modules[file], function, None)
                    if called:
                        called()
                except sa.exc.DBAPIError as cause:
                    _note_failure(recorder, file, cause)
                except (Exception, SystemExit) as cause:
                    # Not for what it sends: its text is read instead, and what follows finds that.
                    recorder.note(is_read=True)
                    if file in modules:
                        _note_failure(recorder, file, cause)
                    _send(connection, [one for one in instead if one not in _TRANSACTION])
                # Of the one before, whatever it began.
                _send(connection, ["rollback"])
                recorder.note(is_done=True)


@contextmanager
def _outside(recorder: Recorder) -> Iterator[None]:
    recorder.note(sql="commit")
    yield
    recorder.note(sql="begin")


def _load(file: str, name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _send(connection: Any, statements: list[str]) -> None:
    """Sends statements of which nothing is written down."""
    with connection.connection.cursor() as cursor:
        for statement in statements:
            with suppress(Exception):
                cursor.execute(statement)


def _note_failure(recorder: Recorder, file: str, cause: BaseException) -> None:
    """Says where it ended; what Postgres refused was written down before."""
    line, trace = 1, cause.__traceback__
    while trace:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == file else line
        trace = trace.tb_next
    what = str(cause).partition("\n")[0]
    recorder.note(line=line, ended=f"{type(cause).__name__}: {what}")


if __name__ == "__main__":
    main()
