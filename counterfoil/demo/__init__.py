"""The demo: the audited application's database, embedded, at one of two dated instants."""

from counterfoil.demo.server import announce, socket_dir, stop
from counterfoil.demo.snapshots import DATABASE, SNAPSHOTS, Snapshot, load, start

__all__ = [
    "DATABASE",
    "SNAPSHOTS",
    "Snapshot",
    "announce",
    "load",
    "socket_dir",
    "start",
    "stop",
]
