"""The server's processor time of an audit by this checkout, and by another commit.

    make bench AGAINST=b34692b ENTRIES="1000000"

checks that commit out into a temporary folder with an environment of its own, and has either
audit a copy of one generated database, in turn. What an audit is each commit's own
benchmarks/assert_phase.py says: `point_profile_at`, `build_seconds` and `run_audit`. Prints a
row for each pair of audits, and their ratio.

The processor's time is read, and not the clock, which depends on what else the machine does; but
caches that others fill and empty change that too, so pairs are compared.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from assert_phase import server_cpu
from generate import ROOT, generate
from psycopg2 import sql


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    with checked_out(asked.commit) as other:
        for entries in asked.entries:
            compare(other, asked.commit, entries, asked.pairs)


def compare(other: Path, commit: str, entries: int, pairs: int) -> None:
    """One table, its rows printed as they come."""
    made = generate(entries)
    with copied(made, "ours") as ours, copied(made, "theirs") as theirs:
        for checkout, url in ((other, theirs), (ROOT, ours)):
            call(checkout, url, "build_seconds")
        print(f"\n| {entries:,} entries | {commit} | this checkout | Ratio |\n|--:|--:|--:|--:|")
        ratios = []
        for pair in range(1, pairs + 1):
            before, now = server_seconds(other, theirs), server_seconds(ROOT, ours)
            ratios.append(now / before)
            print(f"| {pair} | {before:.1f} s | {now:.1f} s | {ratios[-1]:.2f} |", flush=True)
        print(f"Median ratio of the server's processor time: {statistics.median(ratios):.2f}")


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with that commit, and its environment in it."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "checkout"
        git("worktree", "add", "--quiet", "--detach", str(folder), commit)
        try:
            # Where it writes its profile.
            (folder / ".counterfoil" / "bench").mkdir(parents=True)
            subprocess.run(["make", "install", f"PYTHON={sys.executable}"], cwd=folder, check=True)  # noqa: S607
            yield folder
        finally:
            git("worktree", "remove", "--force", str(folder))


def git(*arguments: str) -> None:
    """A command of git, in this checkout."""
    subprocess.run(["git", "-C", str(ROOT), *arguments], check=True)  # noqa: S607


@contextmanager
def copied(url: str, suffix: str) -> Iterator[str]:
    """The URL of a copy of a database without its views, dropped in the end."""
    name = url.partition("@/")[2].partition("?")[0]
    copy = f"{name}_{suffix}"
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(copy))
    with closing(psycopg2.connect(url.replace(f"/{name}?", "/postgres?"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(drop)
            cursor.execute(
                sql.SQL("create database {} template {}").format(*map(sql.Identifier, (copy, name)))
            )
            # A copy has no settings of its own.
            cursor.execute(
                "select setting from pg_db_role_setting, unnest(setconfig) as setting"
                " where setdatabase = (select oid from pg_database where datname = %s)",
                (name,),
            )
            for (setting,) in cursor.fetchall():
                key, _, value = setting.partition("=")
                cursor.execute(
                    sql.SQL("alter database {} set {} = {}").format(
                        sql.Identifier(copy), sql.SQL(key), sql.Literal(value)
                    )
                )
            made = url.replace(f"/{name}?", f"/{copy}?")
            try:
                forget_views(made)
                yield made
            finally:
                cursor.execute(drop)


def forget_views(url: str) -> None:
    """Drops what a checkout has built: another one would not take it for its own."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select nspname from pg_namespace where nspname like 'counterfoil%'")
        for (schema,) in cursor.fetchall():
            cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


def server_seconds(checkout: Path, url: str) -> float:
    """What the server's processor spends on an audit."""
    before = server_cpu()
    call(checkout, url, "run_audit")
    time.sleep(1)  # A session takes its leave some time after its client has.
    return server_cpu() - before


def call(checkout: Path, url: str, work: str) -> None:
    """Has a checkout do something of its own benchmark to a database."""
    subprocess.run(
        [
            str(checkout / ".venv" / "bin" / "python"),
            "-c",
            f"import assert_phase as phase; phase.point_profile_at({url!r}); phase.{work}()",
        ],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout / "benchmarks")},
        stdout=subprocess.DEVNULL,
        check=True,
    )


if __name__ == "__main__":
    main()
