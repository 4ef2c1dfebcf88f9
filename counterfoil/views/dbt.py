"""dbt behind one door: a process of its own, which reads the project once for all commands.

Two invocations at a time in one process interfere, and a contract of hundreds of tables is
too long for a command line.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Self

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import BuildError
from counterfoil.common.settings import Settings
from counterfoil.postgres.connection import as_options, session_settings
from counterfoil.postgres.profiles import LIBPQ_VARIABLES, PROFILE, Target
from counterfoil.views.dbt_profile import PASSWORD_VARIABLE, write_profile

# What the process says of each node that is done.
_DONE = re.compile(r'{"done": (\d+), "of": (\d+)}')


_WRITTEN = (
    ("DBT_TARGET_PATH", "--target-path", "target"),
    ("DBT_LOG_PATH", "--log-path", "logs"),
)


class Dbt:
    """The commands of one build.

    Args:
        project: the folder of dbt's project.
        connection: as the builder; dbt makes others like it.
        target: of whoever builds.
        variables: dbt's own for all of them.
        settings: the operator's.
    """

    def __init__(
        self,
        project: Path,
        connection: Connection,
        target: Target,
        variables: Mapping[str, Any],
        settings: Settings,
    ) -> None:
        self._connection = connection
        self._target = target
        self._arguments = ["--profile", PROFILE, "--target", target.name]
        self._arguments += ["--project-dir", str(project)]
        if project != settings.product_dir:
            # It is gone after the build, and dbt would look for what has changed in the old one.
            self._arguments.append("--no-partial-parse")
        # Beside the user's own files: ours may lie where nothing can be written.
        for variable, option, folder in _WRITTEN:
            if not os.environ.get(variable):
                self._arguments += [option, str(settings.project_dir / folder)]
        self._variables = variables
        self._settings = settings
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        profiles = self._stack.enter_context(TemporaryDirectory(prefix="counterfoil-"))
        write_profile(Path(profiles), self._target, self._connection)
        self._arguments += ["--profiles-dir", profiles]
        self._errors: IO[str] = self._stack.enter_context(tempfile.TemporaryFile("w+"))
        self._process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "counterfoil.views.dbt_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                cwd=self._settings.project_dir,
                env=self._environment(),
            )
        )
        self._say({"arguments": self._arguments, "variables": self._variables})
        return self

    def __exit__(self, *_: object) -> None:
        # By that it knows that this build is over.
        with suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._stack.close()

    def _environment(self) -> dict[str, str]:
        of_libpq = {
            variable: value
            for key, variable in LIBPQ_VARIABLES.items()
            if (value := getattr(self._target, key)) is not None
        }
        return (
            os.environ
            | of_libpq
            | {
                "PGOPTIONS": as_options(session_settings(self._settings)),
                PASSWORD_VARIABLE: self._connection.info.password or "",
            }
        )

    def invoke(
        self, command: Sequence[str], progress: Callable[[int, int], None]
    ) -> dict[str, Any]:
        """Carries a command out.

        Args:
            command: dbt's, with its own options.
            progress: called after each node with how many are done, and of how many.

        Returns:
            {success, exception, nodes: [{name, relation, parts, status, message}]}

        Raises:
            BuildError: the process ended without a result.
        """
        self._say(command)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if done := _DONE.match(line):
                progress(int(done[1]), int(done[2]))
                continue
            try:
                outcome = json.loads(line)
            except ValueError:
                # dbt, or a library of its, that speaks for itself.
                continue
            assert isinstance(outcome, dict)
            return outcome
        code = self._process.wait()
        self._errors.seek(0)
        last_words = self._errors.read().strip().splitlines()[-1:] or ["no output"]
        raise BuildError(
            f"dbt ended with {code}: {last_words[0]}",
            where="dbt",
            remedy="Run `dbt debug` in the project's folder",
        )

    def _say(self, line: Sequence[str] | Mapping[str, Any]) -> None:
        # One that does not start hears nothing.
        with suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
