"""`counterfoil demo`: the embedded server, with a database for each system of the demo."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.common.errors import DemoError
from counterfoil.common.terminal import one_line_errors, show_progress

demo_app = typer.Typer(help="The embedded demo databases.", no_args_is_help=True)

_EMPWR = "empwr"

SystemOption = Annotated[
    str, typer.Option(help="System: empwr, or another that docs/demo.md names.")
]
SnapshotOption = Annotated[
    str | None, typer.Option(help="Snapshot of empwr: overnight or afternoon.")
]
DataDirOption = Annotated[Path | None, typer.Option(help="Folder of the server's files.")]


@demo_app.command("start", epilog="Example: counterfoil demo start --system cleanrylie")
def demo_start(
    system: SystemOption = _EMPWR,
    snapshot: SnapshotOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Start the demo's server, load a system if it is not loaded, print its URL."""
    with one_line_errors():
        from counterfoil import demo

        show_progress()
        if system == _EMPWR:
            print(demo.start(_data_dir(data_dir), snapshot))
        else:
            _refuse_snapshot(system, snapshot)
            print(demo.start_system(_data_dir(data_dir), system))


@demo_app.command("load", epilog="Example: counterfoil demo load --snapshot overnight")
def demo_load(
    system: SystemOption = _EMPWR,
    snapshot: SnapshotOption = None,
    data_dir: DataDirOption = None,
    with_history: Annotated[
        bool,
        typer.Option(
            "--with-history",
            help="Forget what audits of empwr found; another system's is always forgotten.",
        ),
    ] = False,
) -> None:
    """Put a system's rows back, whatever was changed; print the database's URL."""
    with one_line_errors():
        from counterfoil import demo

        if system == _EMPWR:
            snapshot = snapshot or "overnight"
            print(demo.load(_data_dir(data_dir), snapshot, with_history=with_history))
        else:
            _refuse_snapshot(system, snapshot)
            print(demo.load_system(_data_dir(data_dir), system))


@demo_app.command("stop", epilog="Example: counterfoil demo stop")
def demo_stop(data_dir: DataDirOption = None) -> None:
    """Stop the demo's server; the rows of its databases are kept."""
    with one_line_errors():
        from counterfoil import demo

        stopped = demo.stop(_data_dir(data_dir))
        print("stopped" if stopped else "it was not running")


def _refuse_snapshot(system: str, snapshot: str | None) -> None:
    if snapshot is not None:
        raise DemoError(
            f"system {system!r} has no snapshots", remedy="Leave --snapshot out, or the system"
        )


def _data_dir(given: Path | None) -> Path:
    from counterfoil.common.settings import settings

    return given or settings().demo_dir
