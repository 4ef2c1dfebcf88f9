"""The demo: databases of audited applications, embedded; EMPWR's at two dated instants."""

from counterfoil.demo.snapshots import DATABASE, SNAPSHOTS, Snapshot, load, start
from counterfoil.demo.systems import SYSTEMS, System, load_system, start_system
from counterfoil.postgres.server import announce, socket_dir, stop

__all__ = [
    "DATABASE",
    "SNAPSHOTS",
    "SYSTEMS",
    "Snapshot",
    "System",
    "announce",
    "load",
    "load_system",
    "socket_dir",
    "start",
    "start_system",
    "stop",
]
