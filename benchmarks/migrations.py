"""How fast migrations are read and replayed: folders of generated files, and the memory it takes.

python benchmarks/migrations.py --files 5000
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.rehearsal import replay_trees

_SQL = """-- A table with a key into the one before it.
create table app.t{number} (
    id uuid primary key default gen_random_uuid(),
    name text not null check (length(name) > 0),
    parent_id uuid references app.t{before} (id) on delete cascade,
    created_at timestamptz not null default now()
);
create index on app.t{number} (parent_id);
alter table app.t{number} enable row level security;
create policy own on app.t{number} using (name = current_user);
insert into app.t{number} (name) values ('a'), ('b');
"""
_PYTHON = '''"""A table with a key into the one before it."""
from alembic import op
import sqlalchemy as sa

revision = "r{number}"
down_revision = {parent!r}


def upgrade() -> None:
    op.create_table(
        "t{number}",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.UUID(), sa.ForeignKey("app.t{before}.id")),
        schema="app",
    )
    op.create_index("i{number}", "t{number}", ["parent_id"], schema="app")
    op.execute("alter table app.t{number} enable row level security")


def downgrade() -> None:
    op.drop_table("t{number}", schema="app")
'''


def main() -> None:
    """Writes both folders, reads them, and prints files a second and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5_000)
    wanted = parser.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        _write_sql(Path(folder, "sql"), wanted // 2)
        _write_python(Path(folder, "alembic"), wanted)
        for name in ("sql", "alembic"):
            for static in (True, False):
                _measure(Path(folder), name, static=static)
        _replay(Path(folder))


def _write_sql(folder: Path, pairs: int) -> None:
    folder.mkdir()
    for number in range(pairs):
        text = _SQL.format(number=number, before=max(number - 1, 0))
        (folder / f"{number:06}_t.sql").write_text(text)
        (folder / f"{number:06}_t_rollback.sql").write_text(f"drop table app.t{number};\n")


def _write_python(folder: Path, files: int) -> None:
    folder.mkdir()
    for number in range(files):
        parent = f"r{number - 1}" if number else None
        text = _PYTHON.format(number=number, before=max(number - 1, 0), parent=parent)
        (folder / f"{number:06}.py").write_text(text)


def _replay(base: Path) -> None:
    """Replays the SQL, forward and back, one statement after the other."""
    trees = {"sql": MigrationTree(folder="sql", provided_schemas=("app",))}
    facts = read_trees(trees, base)
    began = time.perf_counter()
    replay_trees(facts, trees, base)
    took = time.perf_counter() - began
    files = len(facts.files)
    print(
        f"sql, replayed: {files:,} files in {took:.1f} s by the clock"
        f" ({files / took:,.0f} a second), {len(facts.refused)} refused; peak {_peak_mb()} MB"
    )


def _peak_mb() -> int:
    # Linux counts kilobytes, macOS bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


def _measure(base: Path, name: str, *, static: bool) -> None:
    began, began_cpu = time.perf_counter(), time.process_time()
    facts = read_trees({name: MigrationTree(folder=name)}, base, static=static)
    cpu, wall = time.process_time() - began_cpu, time.perf_counter() - began
    files = len(facts.files)
    way = " (--static)" if static else ""
    print(
        f"{name}{way}: {files:,} files in {cpu:.1f} s of one core ({files / cpu:,.0f} a second),"
        f" {wall:.1f} s by the clock; peak {_peak_mb()} MB"
    )


if __name__ == "__main__":
    main()
