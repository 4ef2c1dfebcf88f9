"""`counterfoil demo`: the embedded demo database."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.terminal import one_line_errors, show_progress

demo_app = typer.Typer(help="The embedded demo database.", no_args_is_help=True)

SnapshotOption = Annotated[str | None, typer.Option(help="Snapshot: overnight or afternoon.")]
LoadOption = Annotated[str, typer.Option("--snapshot", help="Snapshot: overnight or afternoon.")]
DataDirOption = Annotated[Path | None, typer.Option(help="Folder of the server's files.")]


@demo_app.command("start", epilog="Example: counterfoil demo start --snapshot afternoon")
def demo_start(snapshot: SnapshotOption = None, data_dir: DataDirOption = None) -> None:
    """Start the demo database, load a snapshot if it is not loaded, print its URL."""
    with one_line_errors():
        from counterfoil import demo

        show_progress()
        print(demo.start(_data_dir(data_dir), snapshot))


@demo_app.command("load", epilog="Example: counterfoil demo load --snapshot overnight")
def demo_load(snapshot: LoadOption = "overnight", data_dir: DataDirOption = None) -> None:
    """Put a snapshot's rows back, whatever was changed; print the database's URL."""
    with one_line_errors():
        from counterfoil import demo

        print(demo.load(_data_dir(data_dir), snapshot))


@demo_app.command("stop", epilog="Example: counterfoil demo stop")
def demo_stop(data_dir: DataDirOption = None) -> None:
    """Stop the demo database; its rows are kept."""
    with one_line_errors():
        from counterfoil import demo

        stopped = demo.stop(_data_dir(data_dir))
        print("stopped" if stopped else "it was not running")


def _data_dir(given: Path | None) -> Path:
    from counterfoil.settings import settings

    return given or settings().demo_dir
