"""Alembic's revisions run for real, where that is asked for."""

from pathlib import Path

import pytest
from test_migrations import Judge, judge, keys, messages, not_judged, server, write

from counterfoil.migrations import revisions

__all__ = ["judge", "server"]

HEAD = "from alembic import op\nimport sqlalchemy as sa\nrevision = {0!r}\ndown_revision = {1!r}\n"


def revision(name: str, parent: str | None, up: str, down: str = "pass", more: str = "") -> str:
    ways = {"upgrade": up, "downgrade": down}
    said = (
        f"def {way}():\n" + "".join(f"    {line}\n" for line in text.splitlines())
        for way, text in ways.items()
    )
    return HEAD.format(name, parent) + more + "\n".join(said)


MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
cats = sa.Table("cats", metadata, sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("mood", sa.Enum("good", "bad", name="mood")))
"""


def test_what_only_a_run_shows_is_judged(judge: Judge, tmp_path: Path) -> None:
    """Models, another file, a condition on the catalog, rows, and a block without a transaction."""
    up = """models.metadata.create_all(op.get_bind())
op.execute(pathlib.Path(__file__).with_name("b.sql").read_text())
if "cats" not in sa.inspect(op.get_bind()).get_table_names():
    op.create_table("cats")
op.bulk_insert(models.cats, [{"id": 1, "mood": "good"}, {"id": 2, "mood": None}])
op.execute(sa.text("update cats set mood = :m where '%' = '%'").bindparams(m="bad"))
with op.get_context().autocommit_block():
    op.execute("alter type mood add value 'new'")
op.execute("update cats set mood = 'new'")"""
    more = "import pathlib\nfrom shop_models import module as models\n"
    down = "op.drop_table('dogs')\nmodels.metadata.drop_all(op.get_bind())"
    text = revision("a", None, up, down, more)
    write(tmp_path, {"shop_models/module.py": MODELS, "versions/a.py": text})
    write(tmp_path, {"versions/b.sql": "create table dogs (id integer);"})
    read = judge(tmp_path, {"folder": "versions"})
    assert not_judged(read.audit) == {"migrations.rehearsal"}
    run = judge(tmp_path, {"folder": "versions"}, runs_alembic=True)
    assert messages(run) == []
    assert run.audit.status == "passed"


def test_what_is_refused_in_a_run_is_found_with_its_line(judge: Judge, tmp_path: Path) -> None:
    first = revision("a", None, "op.create_table('a')", "op.drop_table('a')")
    up = "for name in ['x', 'y']:\n    op.add_column('ab'[1:], sa.Column(name, sa.Text()))"
    write(tmp_path, {"a.py": first, "b.py": revision("b", "a", up)})
    found = judge(tmp_path, {"rollbacks": False}, runs_alembic=True)
    assert keys(found.audit)["migrations.references_resolve"] == [
        {"file": "b.py", "line": "7", "table_name": "b"}
    ]
    # What it would have done after that, nobody knows.
    assert not_judged(found.audit) == {"migrations.rehearsal"}
    assert [row.message[:38] for row in found.unknown] == ["the revision ended here: ProgrammingEr"]


def test_what_cannot_be_imported_is_read(judge: Judge, tmp_path: Path) -> None:
    more = "import no_such_module_of_theirs\n"
    text = revision("a", None, "op.create_table('a')", "op.drop_table('b')", more)
    write(tmp_path, {"a.py": text})
    found = judge(tmp_path, runs_alembic=True)
    assert keys(found.audit) == {
        "migrations.references_resolve": [{"file": "a.py", "line": "10", "table_name": "b"}]
    }


def test_a_run_has_no_network_and_none_of_the_environment(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    up = """assert "secret" not in str(dict(os.environ))
try:
    socket.create_connection(("127.0.0.1", 9), 1)
except PermissionError:
    op.create_table("refused")"""
    text = revision("a", None, up, "op.drop_table('refused')", "import os, socket\n")
    write(tmp_path, {"a.py": text})
    assert messages(judge(tmp_path, runs_alembic=True)) == []


@pytest.mark.parametrize("up", ["while True: pass", "import os; os._exit(0)", "raise SystemExit"])
def test_a_run_that_does_not_end_well_is_unknown(
    up: str, judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "LONGEST_RUN_S", 5)
    write(tmp_path, {"a.py": revision("a", None, "op.create_table('a')")})
    write(tmp_path, {"b.py": revision("b", "a", up), "c.py": revision("c", "b", "pass")})
    found = judge(tmp_path, {"rollbacks": False}, runs_alembic=True)
    assert (keys(found.audit), not_judged(found.audit)) == ({}, {"migrations.rehearsal"})
    assert found.unknown[0].file == "b.py"
