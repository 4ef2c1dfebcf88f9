"""The command line from outside: its exit codes, what it prints, what it leaves behind."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from conftest import ROOT, Database
from copies import copy_of, write_profiles
from processes import counterfoil
from refusals import assert_one_line

from counterfoil.audit.exit_codes import exit_code
from counterfoil.audit.findings import Audit
from counterfoil.history.built_views import keep_built_views

HOSTILE = "[red]Dans[/red]\n\x1b[31m:boom: Dancer"
# What the check that names the fault says to do: then every check passes.
LONDONS_REMEDY = """
    insert into capacity_ledger
        (tenant_id, competition_id, reservation_id, change_amount, reason, created_at)
    select tenant_id, competition_id, id, -spaces_confirmed, 'reservation_approval', approved_at
    from reservations
    where id = '6a570147-57a0-4f50-8b89-f3044b28c4dc'
"""
CHECKED = re.compile(r"^\w+( \(\w+\))?: (unknown|[\d,]+) rows, \d+ of \d+ checks failed$")


@dataclass(frozen=True)
class Run:
    """A finished `counterfoil run` in a folder of its own."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def published(self) -> list[Path]:
        """The folders of its reports."""
        reports = self.folder.glob("reports/*/audit.json")
        return [path.parent for path in reports if not path.parent.is_symlink()]

    @property
    def audit(self) -> Audit:
        """What it published."""
        return Audit.model_validate_json(
            (self.folder / "reports/latest/audit.json").read_text(encoding="utf-8")
        )


class Terminal:
    """Runs the command line as its user would, with files of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, name: str, *arguments: str, **variables: str) -> Run:
        """`counterfoil` with these arguments and variables, in the folder `name`."""
        folder = self.folder / name
        folder.mkdir()
        inherited = {key: value for key, value in os.environ.items() if "PREFECT" not in key}
        finished = counterfoil(
            *arguments,
            folder=folder,
            environment=inherited
            | {
                "PREFECT_HOME": str(folder / "prefect"),
                "COUNTERFOIL_REPORTS_DIR": str(folder / "reports"),
            }
            | {"DBT_PROFILES_DIR": str(self.folder), "COUNTERFOIL_PROJECT_DIR": str(ROOT)}
            | variables,
        )
        return Run(finished.returncode, finished.stdout, finished.stderr, folder)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(tmp_path_factory.mktemp("terminal"))


def execute(database: Database, statement: str, *values: str) -> None:
    with closing(psycopg2.connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        connection.commit()


@pytest.fixture(scope="module")
def databases(overnight: Database, terminal: Terminal) -> Iterator[None]:
    """Targets in each state: `faulty`, `sound`, `late` (a warning), `torn` (a view raises)."""
    with ExitStack() as stack:
        faulty, sound, late, torn = (
            stack.enter_context(copy_of(overnight, name))
            for name in ("faulty", "sound", "late", "torn")
        )
        for restored in (sound, late, torn):
            execute(restored, LONDONS_REMEDY)
        execute(late, "alter database late set counterfoil.as_of = '2025-11-15T05:00:00Z'")
        execute(torn, _tear("counterfoil.uniqueness", torn))
        # As if it had been built like that: else the run would correct it.
        keep_built_views(torn.plan.session)
        execute(faulty, "update studios set name = %s where name = 'Dans Dancer'", HOSTILE)
        write_profiles(
            terminal.folder, *(each.plan.session.builder for each in (faulty, sound, late, torn))
        )
        yield


def _tear(view: str, database: Database) -> str:
    with closing(psycopg2.connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_get_viewdef(%s::regclass)", (view,))
        (definition,) = cursor.fetchone() or ("",)
    definition = definition.strip().rstrip(";")
    return f"""
        create or replace view {view} as
        select * from ({definition}) as rows where 1 / (random() * 0)::int = 1
    """


@pytest.fixture(scope="module")
def runs(terminal: Terminal, databases: None) -> dict[str, Run]:
    """Every run that takes its time."""
    wanted = {
        "faulty": ("--target", "faulty", "--fail-on", "critical", "--json", "copy.json"),
        "faulty never": ("--target", "faulty", "--fail-on", "never"),
        "sound": ("--target", "sound"),
        "late": ("--target", "late"),
        "torn never": ("--target", "torn", "--fail-on", "never"),
        "unknown never": ("--target", "[red]nowhere", "--fail-on", "never"),
    }
    return {name: terminal.run(name, "run", *arguments) for name, arguments in wanted.items()}


@pytest.mark.parametrize(
    ("run", "code", "status"),
    [
        ("sound", 0, "passed"),
        ("late", 1, "warning"),
        ("faulty", 2, "critical"),
        ("faulty never", 0, "critical"),
        ("torn never", 3, "error"),
    ],
)
def test_an_audit_that_ran(runs: dict[str, Run], run: str, code: int, status: str) -> None:
    finished = runs[run]
    assert finished.code == code, finished.err
    assert len(finished.published) == 1
    assert finished.audit.status == status
    report = finished.published[0] / "index.html"
    assert finished.out.splitlines()[-1] == f"Report: {report.relative_to(finished.folder)}"
    assert report.is_file()


def test_a_plan_that_is_refused(runs: dict[str, Run], terminal: Terminal) -> None:
    refused = runs["unknown never"]
    assert refused.code == 3
    assert refused.out == ""
    assert refused.err == (
        f"error: {terminal.folder}/profiles.yml: unknown target '[red]nowhere'."
        " Use one of: faulty, late, sound, torn.\n"
    )
    assert refused.published == []


def test_what_is_said_on_the_way(runs: dict[str, Run]) -> None:
    for name, run in runs.items():
        lines = run.err.splitlines()
        assert all(line.isprintable() for line in lines), name
        assert not re.search("Traceback|Error|Exception|WARN|prefect", run.err), run.err
        assert name == "unknown never" or sum(bool(CHECKED.match(line)) for line in lines) >= 11


def test_the_rest_is_published(runs: dict[str, Run]) -> None:
    torn, sound = runs["torn never"].audit, runs["sound"].audit
    assert {check.check_id: check.status for check in torn.checks} == {
        check.check_id: "error" if check.relation == "counterfoil.uniqueness" else check.status
        for check in sound.checks
    }
    said = "  error: integrity.no_duplicates: uniqueness cannot be read: division by zero (22012)"
    assert said in runs["torn never"].out.splitlines()


def test_json_is_the_published_file(runs: dict[str, Run]) -> None:
    run = runs["faulty"]
    copy = (run.folder / "copy.json").read_text(encoding="utf-8")
    assert copy == (run.published[0] / "audit.json").read_text(encoding="utf-8")
    assert json.loads(copy)["status"] == "critical"


def test_text_of_the_database_is_shown_as_it_is(runs: dict[str, Run]) -> None:
    """A studio is named with a colour, a line's end, an escape sequence and an emoji."""
    shown = "[red]Dans[/red] [31m:boom: Dancer"
    headlines = [line for line in runs["faulty"].out.splitlines() if shown in line]
    assert len(headlines) == 1
    assert "\x1b" not in runs["faulty"].out
    assert any(
        HOSTILE in finding.message
        for check in runs["faulty"].audit.checks
        for finding in check.findings
    )


# Refused before Prefect is asked anything.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "variables", "says"),
    [
        (["run", "--fail-on", "sometimes"], {}, "Invalid value for '--fail-on'"),
        (["run", "--tagret", "x"], {}, "No such option: --tagret"),
        (["run", "--contract"], {}, "Option '--contract' requires an argument"),
        (["audit"], {}, "No such command 'audit'"),
        (["run", "--json", "."], {}, ".: audit.json cannot be written there"),
        (["run", "--json", "no/x.json"], {}, "no/x.json: audit.json cannot be written there"),
        (
            ["run", "--flow", "--target", "demo"],
            {"PREFECT_HOME": "/proc/home"},
            "/proc/home: Prefect cannot write there",
        ),
        (
            ["run"],
            {"COUNTERFOIL_EVIDENCE_LIMIT": "abc"},
            "COUNTERFOIL_EVIDENCE_LIMIT: 'abc' is not",
        ),
        (
            ["checks"],
            {"COUNTERFOIL_LOCK_TIMEOUT_S": "-"},
            "COUNTERFOIL_LOCK_TIMEOUT_S: '-' is not",
        ),
        (["checks"], {"COUNTERFOIL_PROJECT_DIR": "/nowhere"}, "there is no such folder"),
        (["demo", "start", "--snapshot", "noon"], {}, "there is no snapshot 'noon'"),
        (
            ["run", "--target", "demo"],
            {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
            "Prefect cannot run the flow",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_refused_at_once(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], says: str
) -> None:
    refused = Terminal(tmp_path).run("here", *arguments, **variables)
    assert refused.code == 3, "2, which others use for this, would mean critical findings"
    assert refused.out == ""
    said = refused.err.removesuffix("\n")
    assert said.startswith("error: ")
    assert says in said
    assert_one_line(said)
    assert refused.published == []


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help(tmp_path: Path, arguments: list[str]) -> None:
    assert Terminal(tmp_path).run("here", *arguments).code == 0


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        ("passed", {"critical": 0, "warning": 0, "never": 0}),
        ("warning", {"critical": 0, "warning": 1, "never": 0}),
        ("critical", {"critical": 2, "warning": 2, "never": 0}),
        ("error", {"critical": 3, "warning": 3, "never": 3}),
    ],
)
def test_every_status_with_every_gate(status: str, codes: dict[str, int]) -> None:
    assert {gate: exit_code(status, gate) for gate in codes} == codes  # type: ignore[arg-type]


def test_info_never_gates(overnight: Database) -> None:
    suites = tuple(
        suite.model_copy(
            update={
                "checks": tuple(
                    check.model_copy(update={"severity": "info"}) for check in suite.checks
                )
            }
        )
        for suite in overnight.plan.scope.suites
    )
    audit = overnight.judging(suites=suites).audit()
    assert sum(check.status == "fail" for check in audit.checks) == 3
    assert (audit.status, exit_code(audit.status, "warning")) == ("passed", 0)
