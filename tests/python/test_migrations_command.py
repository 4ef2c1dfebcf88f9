"""The command's own part: comments that accept, waivers, forms of output, the rehearsal."""

import csv
import json
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from test_migrations import TREE, Judge, judge, keys, messages, not_judged, server, write

from counterfoil.audit.exit_codes import exit_code
from counterfoil.audit.waivers import COLUMNS
from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.extract import trees_of
from counterfoil.migrations.output import render
from counterfoil.migrations.workspace import JudgedFolder
from counterfoil.publish.body import body_of
from counterfoil.publish.choices import Format
from counterfoil.publish.formats import Told, lines_of
from counterfoil.publish.formats import render as rendered_audit
from counterfoil.suites.own_checks import WAIVERS_IN_USE

__all__ = ["judge", "server"]

ROLLBACK = "migrations.rollback_present"
ALLOW = "counterfoil: allow migrations.rollback_present"
FILES = {"0001_a.sql": "create table a (id integer);", "0001_a_rollback.sql": "drop table a;"}
NO_WAY_BACK = "0002_b.sql"


def statuses(judged: JudgedFolder) -> dict[str, str]:
    return {check.check_id: check.status for check in judged.audit.checks}


@pytest.mark.parametrize(
    "comment", [f"-- {ALLOW} because it only adds rows", f"/* {ALLOW} */ -- {ALLOW} because x"]
)
def test_a_comment_with_a_reason_accepts(comment: str, judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FILES | {NO_WAY_BACK: f"{comment}\ninsert into a values (1);"})
    judged = judge(tmp_path)
    assert statuses(judged)[ROLLBACK] == "waived"
    assert ROLLBACK not in keys(judged.audit)


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        (f"-- {ALLOW}", "gives no reason"),
        (f"-- {ALLOW} because", "gives no reason"),
        ("-- counterfoil: allow migrations.parse because x", "accepts nothing"),
        ("-- counterfoil: allow migrations.no_such_check because x", "accepts nothing"),
    ],
)
def test_a_comment_that_accepts_nothing_is_a_finding(
    comment: str, says: str, judge: Judge, tmp_path: Path
) -> None:
    write(tmp_path, FILES | {NO_WAY_BACK: f"{comment}\ninsert into a values (1);"})
    judged = judge(tmp_path)
    assert {ROLLBACK, "audit.suppressions_in_use"} == keys(judged.audit).keys()
    assert any(says in message for message in messages(judged))


def test_a_comment_is_of_its_own_file_alone(judge: Judge, tmp_path: Path) -> None:
    text = "insert into a values (1);"
    write(tmp_path, FILES | {NO_WAY_BACK: f"-- {ALLOW} because x\n{text}", "0003_c.sql": text})
    assert keys(judge(tmp_path).audit) == {ROLLBACK: [{"version": "3", "file": "0003_c.sql"}]}


def test_a_python_comment_accepts_what_is_unknown(judge: Judge, tmp_path: Path) -> None:
    unknown = "op.execute(open('x').read())\n    op.add_column('b', sa.Column('c', sa.Text()))"
    text = f"revision = 'a'\ndown_revision = None\ndef upgrade():\n    {unknown}\n"
    text += "def downgrade():\n    op.drop_table('b')\n"
    write(tmp_path, {"a.py": text})
    judged = judge(tmp_path)
    assert not_judged(judged.audit) == {"migrations.rehearsal"}
    assert [row.line for row in judged.unknown] == [4]

    accepted = "# counterfoil: allow migrations.rehearsal because x.sql makes it\n"
    write(tmp_path, {"a.py": accepted + text})
    judged = judge(tmp_path)
    assert (judged.audit.status, judged.unknown) == ("passed", [])
    assert statuses(judged)["migrations.rehearsal"] == "waived"


def test_waivers_are_those_of_every_audit(judge: Judge, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write(folder, FILES | {NO_WAY_BACK: "insert into a values (1);"})
    file = tmp_path / "waivers.csv"

    def waive(**key: str) -> None:
        line = ["shop", ROLLBACK, json.dumps(key), "platform", "rows", "2999-01-01", ""]
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS, line])

    waive(tree=TREE, version="2", file=NO_WAY_BACK)
    judged = judge(folder, waivers_file=file)
    assert (statuses(judged)[ROLLBACK], judged.audit.status) == ("waived", "passed")
    waive(tree=TREE, version="3", file=NO_WAY_BACK)
    assert keys(judge(folder, waivers_file=file).audit).keys() == {
        ROLLBACK,
        WAIVERS_IN_USE.check_id,
    }


def test_what_is_not_supported_is_never_a_pass(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, {"db/1_a.up.sql": "create table a ();", "db/1_a.down.sql": "drop table a;"})
    write(tmp_path, {"shop/migrations/0001_a.py": "class Migration(migrations.Migration): ..."})
    write(tmp_path, {"db/mysql/1_a.up.sql": "create table `a` ();", "db/README.md": ""})
    trees, left_out = trees_of(tmp_path, MigrationTree(folder="."))
    judged = judge(tmp_path, trees=trees, left_out=left_out)
    assert not_judged(judged.audit) == {"migrations.trees_supported"}
    assert exit_code(judged.audit.status, "never") == 3
    lines = render(judged, Path("app"), "text").splitlines()
    assert lines[:3] == [
        "Read app/db (golang-migrate): 2 files; not read: README.md",
        "Not read app/db/mysql: 1 files for mysql",
        "Not read app/shop/migrations: 1 files of Django, not supported",
    ]
    assert "of Django, which is not supported [migrations.trees_supported]" in lines[3]
    assert json.loads(render(judged, Path("app"), "json"))["read"] == lines[:3]


def test_time_stamps_with_two_ways_want_both_and_nothing_of_supabases(
    judge: Judge, tmp_path: Path
) -> None:
    write(
        tmp_path,
        {
            "20250101000000_a.up.sql": "create table a (id integer references auth.users (id));",
            "20250101000000_a.down.sql": "drop table a;",
            "20250102000000_b.up.sql": "create table b (id integer);",
        },
    )
    found = keys(judge(tmp_path).audit)
    assert found[ROLLBACK] == [{"version": "20250102000000", "file": "20250102000000_b.up.sql"}]
    (missing,) = found["migrations.references_resolve"]
    assert missing["file"] == "20250101000000_a.up.sql"


@pytest.fixture
def broken(judge: Judge, tmp_path: Path) -> JudgedFolder:
    write(
        tmp_path,
        {
            "1%2C: ü.sql": "",
            "0001_a.sql": "create table a (id integer);\ncreate table a (id integer);",
            "0001_a_rollback.sql": "drop table a;",
            "0002_b.sql": "\ncopy (select 1) to program 'true';",
            "0002_b_rollback.sql": "analyze;",
        },
    )
    return judge(tmp_path)


def rendered(judged: JudgedFolder, form: Format) -> str:
    return render(judged, Path("db/migrations"), form)


def test_text_is_a_line_a_finding(broken: JudgedFolder) -> None:
    read, *lines = rendered(broken, "text").splitlines()
    assert read == "Read db/migrations (numbered): 5 files"
    assert lines[0] == (
        'db/migrations/0001_a.sql:2: critical: PostgreSQL says: relation "a" already exists; it is'
        " there since 0001_a.sql:1 [migrations.table_created_once]"
    )
    assert "db/migrations/0002_b.sql:2: unknown: cannot be judged here: " in "\n".join(lines)
    assert lines[-1].startswith("CRITICAL: ")


def test_github_annotates_lines(broken: JudgedFolder) -> None:
    read, *lines = rendered(broken, "github").splitlines()
    assert read.startswith("Read db/migrations (numbered)")
    assert lines[0].startswith(
        "::error file=db/migrations/0001_a.sql,line=2,"
        "title=migrations.table_created_once (critical)::"
    )
    place = "::warning file=db/migrations/1%252C%3A ü.sql,line=1,"
    assert any(line.startswith(place) for line in lines)


def test_sarif_has_a_rule_for_each_result(broken: JudgedFolder) -> None:
    content: dict[str, Any] = json.loads(rendered(broken, "sarif"))
    (run,) = content["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    places = [
        result["locations"][0]["physicalLocation"]
        for result in run["results"]
        if result["ruleId"] == "migrations.table_created_once"
    ]
    assert places == [
        {"artifactLocation": {"uri": "db/migrations/0001_a.sql"}, "region": {"startLine": 2}}
    ]


def test_json_is_the_audit_with_what_is_unknown(broken: JudgedFolder) -> None:
    content = json.loads(rendered(broken, "json"))
    assert content["status"] == "critical"
    assert [row["line"] for row in content["unknown"]] == [2]


def test_junit_has_a_case_for_each_check(broken: JudgedFolder) -> None:
    (suite,) = ElementTree.fromstring(rendered(broken, "junit"))
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases.keys() == {check.check_id for check in broken.audit.checks}
    assert suite.get("failures") == str(len(keys(broken.audit)))
    failure = cases["migrations.table_created_once"].find("failure")
    assert failure is not None
    assert str(failure.text).startswith("db/migrations/0001_a.sql:2: PostgreSQL says: ")
    assert cases["migrations.rehearsal"].find("error") is not None
    assert cases["migrations.single_head"].find("skipped") is not None


def test_markdown_is_the_report_with_places(broken: JudgedFolder) -> None:
    text = rendered(broken, "markdown")
    assert "- Read db/migrations (numbered): 5 files" in text
    assert "## By file" in text
    assert "db/migrations/0001\\_a.sql:2: PostgreSQL says" in text


def fingerprints(judged: JudgedFolder) -> list[str]:
    (run,) = json.loads(rendered(judged, "sarif"))["runs"]
    return [result["partialFingerprints"]["counterfoil/v1"] for result in run["results"]]


def test_fingerprints_stay_where_lines_move(judge: Judge, tmp_path: Path) -> None:
    text = "alter table x add a text;\n alter table x add a int;\nselect f(); select f();"
    write(tmp_path, FILES | {NO_WAY_BACK: text})
    before = fingerprints(judge(tmp_path))
    assert len(before) == len({*before}) > 2
    write(tmp_path, FILES | {NO_WAY_BACK: f"-- one more line\n\n{text}"})
    assert fingerprints(judge(tmp_path)) == before


def test_an_audit_of_a_database_has_the_same_forms(broken: JudgedFolder) -> None:
    audit = broken.audit.model_copy(update={"database": "shop"})
    told = Told(body_of(audit, []), lines_of(audit))
    said = {form: rendered_audit(told, form) for form in get_args(Format)}
    assert "shop: unknown: " in said["text"]
    assert said["text"].endswith(said["github"].splitlines()[-1])
    (run,) = json.loads(said["sarif"])["runs"]
    known = [result["partialFingerprints"]["counterfoil/v1"] for result in run["results"]]
    assert all(name in said["junit"] for name in known)
    assert json.loads(said["json"])["database"] == "shop"


def test_what_a_waiver_accepts_is_not_printed(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FILES | {NO_WAY_BACK: "insert into a values (1);"})
    file = tmp_path / "waivers.csv"
    key = json.dumps({"tree": TREE, "version": "2", "file": NO_WAY_BACK})
    with file.open("w", newline="") as stream:
        line = [tmp_path.name, ROLLBACK, key, "platform", "rows", "2999-01-01", ""]
        csv.writer(stream).writerows([COLUMNS, line])
    lines = rendered(judge(tmp_path, waivers_file=file), "text").splitlines()
    assert [line for line in lines if "warning" in line] == []


def fixes(judged: JudgedFolder) -> list[str]:
    return [
        line.removeprefix("  fix: ")
        for line in rendered(judged, "text").splitlines()
        if line.startswith("  fix: ")
    ]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (
            {
                "0002_b.sql": "select 1;",
                "0002_b_rollback.sql": "select 1;",
                "0002_c.sql": "select 1;",
                "0002_c_rollback.sql": "select 1;",
                "0007_d.sql": "select 1;",
                "0007_d_rollback.sql": "select 1;",
            },
            [
                "git -C db/migrations mv 0002_c.sql 0008_c.sql"
                " && git -C db/migrations mv 0002_c_rollback.sql 0008_c_rollback.sql"
            ],
        ),
        ({"0002_a.sql": "select 1;", "0002_b c.sql": "select 1;"}, []),
    ],
)
def test_a_doubled_version_is_moved_to_the_next_free_one(
    files: dict[str, str], wanted: list[str], judge: Judge, tmp_path: Path
) -> None:
    write(tmp_path, FILES | files)
    assert fixes(judge(tmp_path)) == wanted


def test_what_makes_two_heads_one_is_printed(judge: Judge, tmp_path: Path) -> None:
    for name, parent in (("a", None), ("b", "a"), ("c", "a")):
        text = f"revision = {name!r}\ndown_revision = {parent!r}\ndef upgrade(): pass\n"
        write(tmp_path, {f"{name}.py": text})
    assert fixes(judge(tmp_path)) == ["alembic merge -m merge b c"] * 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("create table b (a integer references users (id));", ["app.users"]),
        # It has no such column: another one is meant.
        ("create table b (a integer references users (email));", []),
        ("alter table users add x text; create index on users (id);", ["app.users"]),
        # Which of both?
        ("create table lead.users (id integer primary key); comment on table users is 'x';", []),
    ],
)
def test_the_name_with_its_schema_is_printed_where_it_is_certain(
    text: str, wanted: list[str], judge: Judge, tmp_path: Path
) -> None:
    first = "create schema app; create schema lead; create table app.users (id int primary key);"
    write(tmp_path, {"1_a.up.sql": first, "2_b.up.sql": text})
    assert fixes(judge(tmp_path, {"rollbacks": False})) == wanted


def rehearsed(judge: Judge, folder: Path, tree: dict[str, Any] | None = None) -> list[str]:
    judged = judge(folder, tree)
    found = {check.check_id: check.findings for check in judged.audit.checks}
    replay = ("rehearsal", "references_resolve", "table_created_once", "types_created_once")
    return [finding.message for name in replay for finding in found[f"migrations.{name}"]]


def test_a_rehearsal_goes_forward_and_back(judge: Judge, tmp_path: Path) -> None:
    write(
        tmp_path,
        FILES
        | {
            "0002_b.sql": "create index concurrently i on a (id);\n-- ü\nalter table a add b text;",
            "0002_b_rollback.sql": "alter table a drop b; drop index i;",
        },
    )
    assert rehearsed(judge, tmp_path) == []
    assert rehearsed(judge, tmp_path) == [], "a rehearsal leaves nothing behind"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"0002_b.sql": "select 1;\n\nselect lower(1, 2);", "0002_b_rollback.sql": "select 1"},
            "0002_b.sql:3: PostgreSQL says: function lower(integer, integer) does not exist",
        ),
        (
            {"0002_b.sql": "select 1;", "0002_b_rollback.sql": "\ndrop table c;"},
            '0002_b_rollback.sql:2: on the way back PostgreSQL says: table "c" does not exist',
        ),
    ],
)
def test_a_rehearsal_names_what_fails(
    files: dict[str, str], says: str, judge: Judge, tmp_path: Path
) -> None:
    write(tmp_path, FILES | files)
    assert rehearsed(judge, tmp_path) == [says]


def test_what_a_rehearsal_cannot_judge_is_unknown(judge: Judge, tmp_path: Path) -> None:
    files = {"0002_b.sql": "copy a to program 'true';", "0002_b_rollback.sql": "select 1"}
    write(tmp_path, FILES | files)
    judged = judge(tmp_path)
    assert not_judged(judged.audit) == {"migrations.rehearsal"}
    assert exit_code(judged.audit.status, "never") == 3
    (row,) = judged.unknown
    assert (row.file, row.line) == ("0002_b.sql", 1)
    assert row.message.startswith("cannot be judged here: permission denied to COPY to or from")


def test_a_marked_file_is_rehearsed_by_halves(judge: Judge, tmp_path: Path) -> None:
    text = "-- +goose Up\ncreate table a (id integer);\n-- +goose Down\ndrop table b;\n"
    write(tmp_path, {"0001_a.sql": text})
    assert rehearsed(judge, tmp_path) == [
        '0001_a.sql:4: on the way back PostgreSQL says: table "b" does not exist'
    ]


def test_alembic_is_replayed_and_its_python_is_not_run(judge: Judge, tmp_path: Path) -> None:
    text = (
        "import pathlib\npathlib.Path('ran').touch()\n"
        "revision = {0!r}\ndown_revision = {1!r}\n"
        "def upgrade():\n    op.add_column({2!r}, sa.Column('x', sa.Text()))\n"
        "def downgrade():\n    op.drop_column({2!r}, 'x')\n"
    )
    # By name the later revision comes first.
    write(tmp_path, {"b.py": text.format("a", None, "one"), "a.py": text.format("b", "a", "two")})
    judged = judge(tmp_path)
    assert [key["file"] for key in keys(judged.audit)["migrations.references_resolve"]] == ["b.py"]
    assert rehearsed(judge, tmp_path) == [
        'b.py:6: PostgreSQL says: relation "one" does not exist; no migration makes it, nor two:'
        " if something else does, say so (provided_tables or provided_sql in a contract)"
        " (3 later statements could not be judged for it: a.py:6, a.py:8, b.py:8)",
    ]
    assert not Path("ran").exists()


OF_REPLAYS = {
    f"migrations.{name}"
    for name in ("rehearsal", "references_resolve", "table_created_once", "types_created_once")
}


def test_one_miss_is_one_finding_and_syntax_is_that_of_one_check(
    judge: Judge, tmp_path: Path
) -> None:
    write(tmp_path, FILES | {"0002_b.sql": "alter table nowhere add x text;\n"})
    write(tmp_path, {"0003_c.sql": "bogus;", "0003_c_rollback.sql": "select 1;"})
    write(tmp_path, {"0002_b_rollback.sql": "alter table nowhere drop x;"})
    place = {"file": "0002_b.sql", "line": "1", "table_name": "nowhere"}
    syntax = {"migrations.parse": [{"file": "0003_c.sql"}]}
    assert keys(judge(tmp_path).audit) == {"migrations.references_resolve": [place]} | syntax


def test_what_is_only_read_is_judged_by_names_and_syntax(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, FILES | {"0002_b.sql": "alter table nowhere add x text;\n"})
    judged = judge(tmp_path, static=True)
    assert keys(judged.audit) == {ROLLBACK: [{"version": "2", "file": "0002_b.sql"}]}
    found = statuses(judged)
    assert {found[check_id] for check_id in OF_REPLAYS} == {"not applicable"}
    write(tmp_path, {"0002_b.sql": "create table ${x} ();\n"})
    judged = judge(tmp_path, static=True)
    assert not_judged(judged.audit) == {"migrations.parse"}
    assert [(row.file, row.line) for row in judged.unknown] == [("0002_b.sql", 1)]
