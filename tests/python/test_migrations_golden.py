"""The migrations of three published reports: what each says, and where they were wrong."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from test_migrations import Judge, judge, keys, messages, server

from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.rehearsal import replay_trees

__all__ = ["judge", "server"]

CLEANRYLIE = ROOT / "demo" / "cleanrylie" / "migrations"
HIBACHI = ROOT / "demo" / "hibachi"
# Made before there were migrations.
MAIN_SCHEMA = {"provided_sql": str(ROOT / "demo" / "cleanrylie" / "schema.sql")}

HEADS = {
    "migrations.single_head": [
        {"revision": "010_escalation_call_recording"},
        {"revision": "016_add_social_account_identity"},
    ]
}
DANGLING = {
    "catering_bookings": ("008_payments.py", "core.bookings may be meant"),
    "users": ("006_roles.py", "of that name there is identity.users"),
    "bookings": ("002_bookings.py", "of that name there is core.bookings"),
    "newsletter.newsletter_subscribers": (
        "e636a2d56d82_businesses.py",
        "lead.subscribers may be meant",
    ),
    "newsletter.campaigns": (
        "017_fix_foreign_key_relationships.py",
        "of that name there is lead.campaigns",
    ),
    "newsletter.campaign_events": (
        "017_fix_foreign_key_relationships.py",
        "of that name there is lead.campaign_events",
    ),
    "newsletter.subscribers": (
        "017_fix_foreign_key_relationships.py",
        "of that name there is lead.subscribers",
    ),
    "newsletter.sms_tracking": ("017_fix_foreign_key_relationships.py", "does not exist"),
}


def test_cleanrylie_has_one_doubled_version_and_every_rollback(judge: Judge) -> None:
    judged = judge(CLEANRYLIE, MAIN_SCHEMA)
    assert len(list(CLEANRYLIE.glob("*.sql"))) == 18
    assert keys(judged.audit) == {"migrations.versions_unique": [{"version": "2"}]}
    assert messages(judged) == [
        "Version 2 is that of 2 files: 0002_agent_squad_tracking.sql,"
        " 0002_sms_delivery_tracking.sql"
    ]


def test_cleanrylie_renumbered_is_well(judge: Judge, tmp_path: Path) -> None:
    """As the report asks: the doubled one becomes 0009, its rollback with it."""
    folder = shutil.copytree(CLEANRYLIE, tmp_path / "migrations")
    for suffix in (".sql", "_rollback.sql"):
        doubled = folder / f"0002_sms_delivery_tracking{suffix}"
        doubled.rename(folder / f"0009_sms_delivery_tracking{suffix}")
    judged = judge(folder, MAIN_SCHEMA)
    assert judged.audit.status == "passed"


@pytest.fixture
def hibachi(tmp_path: Path) -> Path:
    return shutil.copytree(HIBACHI, tmp_path / "hibachi")


TREE: dict[str, Any] = {"folder": "versions", "models": "models"}


def test_hibachi_names_what_dangles_and_what_was_meant(judge: Judge, hibachi: Path) -> None:
    judged = judge(hibachi, TREE)
    found = keys(judged.audit)
    dangling = found.pop("migrations.references_resolve")
    assert found == HEADS
    assert {key["table_name"] for key in dangling} == DANGLING.keys()
    for table, (file, meant) in DANGLING.items():
        (said,) = [message for message in messages(judged) if f'relation "{table}" ' in message]
        assert f"versions/{file}:" in said, said
        assert meant in said, said


def test_hibachi_before_the_duplicate_was_deleted(judge: Judge, hibachi: Path) -> None:
    shutil.copytree(hibachi / "before", hibachi / "versions", dirs_exist_ok=True)
    found = keys(judge(hibachi, TREE).audit)
    assert [(key["table_name"], key["file"]) for key in found["migrations.table_created_once"]] == [
        ("public.businesses", "versions/e8e33e1e5658_businesses.py")
    ]
    assert {name: found[name] for name in HEADS} == HEADS


def test_trvl_social_holds_together(judge: Judge) -> None:
    """26 files and 106 tables, as the fourth report counted; nothing in them dangles."""
    folder = ROOT / "demo" / "trvl_social" / "migrations"
    judged = judge(folder)
    assert judged.audit.status == "passed", messages(judged)
    trees = {"app": MigrationTree(folder=".")}
    facts = read_trees(trees, folder)
    replay_trees(facts, trees, folder)
    created = {
        relation.relation_name
        for relation in facts.made_relations
        if relation.kind == "table" and relation.file
    }
    assert (facts.trees[0].layout, len(facts.files), len(created)) == ("supabase", 26, 106)
    assert {"profiles", "user_preferences", "bookings", "adventures", "vendors"} <= created
    assert "users" not in created, "the report's query names it, and nothing creates it"
