"""How much of what psql refuses a replay finds, and how much of what it says psql refuses too.

Of the migrations of two demo systems one statement at a time is left out, moved to the end,
doubled, or loses a column or a name: each change makes a tree, and psql, statement by
statement on a database of its own, says what of it fails.

    .venv/bin/python benchmarks/migrations_corpus.py [--trees 200] [--seed 1]
"""

import argparse
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.grammar import split
from counterfoil.migrations.rehearsal import replayed
from counterfoil.migrations.scratch import Scratch, scratch_server
from counterfoil.postgres.embedded import binaries

ROOT = Path(__file__).parents[1]
DEMOS = {
    "cleanrylie": ROOT / "demo" / "cleanrylie" / "schema.sql",
    "trvl_social": ROOT / "counterfoil" / "migrations" / "provided" / "supabase.sql",
}
_REFUSED = re.compile(r"^psql:[^:]*:(\d+): ERROR:", re.MULTILINE)


@dataclass(frozen=True)
class Broken:
    """A healthy tree with one change: its statements, one file, each on lines of its own."""

    demo: str
    change: str
    statements: tuple[str, ...]

    def text(self) -> str:
        """The file."""
        return "".join(f"{statement};\n" for statement in self.statements)

    def place(self, line: int) -> int:
        """Which statement stands on a line, from 1."""
        for place, statement in enumerate(self.statements):
            line -= statement.count("\n") + 1
            if line <= 0:
                return place
        return len(self.statements)


def healthy(demo: str) -> tuple[str, ...]:
    """The statements of a demo's migrations, in order."""
    files = sorted((ROOT / "demo" / demo / "migrations").glob("*.sql"))
    texts = [file.read_text() for file in files if "rollback" not in file.name]
    return tuple(text[piece] for text in texts for piece in split(text, method="parser"))


def broken(count: int, choice: random.Random) -> Iterator[Broken]:
    """That many trees, each with one change."""
    trees = {demo: healthy(demo) for demo in DEMOS}
    while count:
        demo = choice.choice(list(trees))
        statements = list(trees[demo])
        place = choice.randrange(len(statements))
        change = choice.choice(["left out", "moved", "doubled", "column", "name"])
        taken = statements.pop(place)
        if change == "moved":
            statements.append(taken)
        elif change == "doubled":
            statements[place:place] = [taken, taken]
        elif change == "column":
            lines = taken.split("\n")
            if not taken.startswith("create table") or len(lines) < 5:
                continue
            del lines[choice.randrange(2, len(lines) - 2)]
            statements.insert(place, "\n".join(lines))
        elif change == "name":
            words = re.findall(r"\b(?:table|on|references|from|type)\s+([a-z_.]{4,})", taken)
            if not words:
                continue
            word = choice.choice(words)
            statements.insert(place, taken.replace(word, f"{word}x", 1))
        count -= 1
        yield Broken(demo, change, tuple(statements))


def by_psql(server: Scratch, tree: Broken, file: Path) -> set[int]:
    """The statements that psql refuses."""
    with server.database() as database:
        info = database.connection.info
        psql = [binaries() / "psql", "--no-psqlrc", "--quiet"]
        psql += [f"--host={info.host}", "--username=postgres", f"--dbname={info.dbname}"]
        for script in (DEMOS[tree.demo], file):
            said = subprocess.run(
                [*psql, f"--file={script}"], capture_output=True, text=True, check=False
            )
    return {tree.place(int(line)) for line in _REFUSED.findall(said.stderr)}


def by_replay(server: Scratch, tree: Broken, folder: Path) -> list[int]:
    """The statements of its findings."""
    declared = MigrationTree(
        folder=".", layout="numbered", rollbacks=False, provided_sql=str(DEMOS[tree.demo])
    )
    facts = read_trees({"app": declared}, folder)
    found, *_ = replayed(server, facts.trees[0], declared, facts.scripts["app"], folder)
    return [
        tree.place(refusal.line)
        for refusal in found
        if refusal.severity == "critical" and not refusal.is_unknown
    ]


def main() -> None:
    """Print what each says that the other does not, and the sums."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    choice = random.Random(given.seed)  # noqa: S311 - the same trees each time
    failing = found_first = findings = true = sound = 0
    took = 0.0
    with scratch_server() as server, tempfile.TemporaryDirectory() as name:
        for tree in broken(given.trees, choice):
            file = Path(name) / "001_all.sql"
            file.write_text(tree.text())
            refused = by_psql(server, tree, file)
            began = time.monotonic()
            said = by_replay(server, tree, Path(name))
            took += time.monotonic() - began
            failing += bool(refused)
            found_first += bool(refused) and min(refused) in said
            findings += len(said)
            true += len(refused.intersection(said))
            sound += not refused and not said
            if not {*said} <= refused or (refused and min(refused) not in said):
                print(tree.demo, tree.change, "psql:", sorted(refused), "replay:", said)
    print(f"{given.trees} trees, {failing} of which psql refuses a statement")
    print(f"first refused statement named: {found_first} of {failing}")
    print(f"findings: {findings}, of which psql refuses {true}")
    print(f"trees without a fault and without a finding: {sound} of {given.trees - failing}")
    print(f"seconds per tree: {took / given.trees:.2f}")


if __name__ == "__main__":
    main()
