"""Prefect as its user has it: a server, its command line, and its answers."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from conftest import ROOT
from servers import free_port
from waiting import wait_until

PREFECT = str(Path(sys.executable).with_name("prefect"))


class Prefect:
    """A Prefect server, and its command line in the surroundings that a test has made.

    Args:
        home: for Prefect's files.
        api: of a server that runs; that of one to `serve` if none is given.
        command: another installation's command line.
        folder: where that is called.
        environment: all of its variables.
    """

    def __init__(
        self,
        home: Path,
        api: str | None = None,
        *,
        command: Sequence[str] = (PREFECT,),
        folder: Path = ROOT,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.api = api or f"http://127.0.0.1:{free_port()}/api"
        self.command = command
        self.folder = folder
        self.environment = dict(environment) | {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
        }

    @contextmanager
    def serve(self) -> Iterator[subprocess.Popen[bytes]]:
        """A server, which answers by now and is gone afterwards."""
        port = self.api.removesuffix("/api").rpartition(":")[2]
        with self.running("server", "start", "--port", port) as process:
            wait_until(self._answers, seconds=180)
            yield process

    def _answers(self) -> bool:
        with suppress(OSError):
            urllib.request.urlopen(f"{self.api}/health", timeout=5)
            return True
        return False

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of Prefect's, in a group of its own that is ended afterwards."""
        process = subprocess.Popen(
            [*self.command, *arguments],
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run(
        self, *arguments: str, timeout: float = 120, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        return subprocess.run(
            [*self.command, *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def ask(self, path: str, **body: Any) -> Any:
        """What the server's API answers to a filter."""
        request = urllib.request.Request(
            f"{self.api}/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment, the latest first."""
        named = {"name": {"any_": [deployment]}}
        found = self.ask("flow_runs/filter", sort="START_TIME_DESC", deployments=named)
        return list(found)
