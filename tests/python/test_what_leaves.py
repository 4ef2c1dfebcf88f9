"""What leaves the database, on a real Prefect server: events and alerts arrive, names do not."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import ROOT, Database
from copies import copy_of, write_profiles
from prefects import Prefect
from processes import counterfoil
from receivers import Webhook, webhook

SAVE_BLOCK = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock
data = {"title": "{{subject}}", "message": "{{body}}"}
CustomWebhookNotificationBlock(name="on-call", url=sys.argv[1], json_data=data).save("on-call")
"""
ALERTS = """
recipients:
  - {name: by-block, prefect_block: custom-webhook/on-call}
  - {name: by-url, url_env: HOOK_URL, least_severity: info}
  - {name: nobody, url_env: NOBODY_URL}
"""
SECRET = "s3cretword"
# Two dancers that are one, one without a birth date, and one of no studio: all are found.
FAULTS = """
    insert into dancers (tenant_id, studio_id, first_name, last_name, date_of_birth)
    select tenant_id, studio_id, first_name, last_name, date_of_birth from dancers
    where id = '00000000-0000-0000-0002-000000000001';
    update dancers set date_of_birth = null
    where id = '00000000-0000-0000-0002-000000000002';
    alter table dancers disable trigger all;
    update dancers set studio_id = gen_random_uuid()
    where id = '00000000-0000-0000-0002-000000000003';
    alter table dancers enable trigger all;
"""


@dataclass(frozen=True)
class Night:
    """One audit, by the command line and with Prefect's server.

    Attributes:
        prefect: the server.
        code: the exit code.
        said: standard output and error.
        folder: where it left its files.
        by_block: what Prefect's notification block was sent.
        by_url: what apprise was sent.
        history: every row of every table of the history, as text.
        dancers: of each, the names and the birth date.
    """

    prefect: Prefect
    code: int
    said: str
    folder: Path
    by_block: Webhook
    by_url: Webhook
    history: str
    dancers: list[tuple[str, str, str]]

    def counterfoil(self, *arguments: str) -> tuple[int, str]:
        """Another command in the same surroundings."""
        return _counterfoil(self.prefect, self.folder, *arguments)


@pytest.fixture(scope="module")
def night(overnight: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    (folder / "alerts.yml").write_text(ALERTS)
    prefect = Prefect(folder / "prefect")
    with (
        prefect.serve(),
        webhook() as by_block,
        webhook() as by_url,
        copy_of(overnight, "leaving") as copy,
    ):
        write_profiles(folder, copy.plan.session.builder)
        prefect.environment |= {
            "DBT_PROFILES_DIR": str(folder),
            "COUNTERFOIL_PROJECT_DIR": str(ROOT),
            "COUNTERFOIL_REPORTS_DIR": str(folder / "reports"),
            "COUNTERFOIL_ALERTS_FILE": str(folder / "alerts.yml"),
            "COUNTERFOIL_METRICS_FILE": str(folder / "counterfoil.prom"),
            "HOOK_URL": by_url.url(),
            "NOBODY_URL": f"json://user:{SECRET}@127.0.0.1:1/{SECRET}",
        }
        subprocess.run(
            [sys.executable, "-c", SAVE_BLOCK, f"http://127.0.0.1:{by_block.port}/"],
            env=prefect.environment,
            check=True,
        )
        _query(copy, FAULTS)
        code, said = _counterfoil(prefect, folder, "run", "--target", "leaving")
        yield Night(
            prefect,
            code,
            said,
            folder,
            by_block,
            by_url,
            history=_dump(copy),
            dancers=_query(copy, "select first_name, last_name, date_of_birth::text from dancers"),
        )


def test_an_event_tells_of_each_change_by_key_and_measure(night: Night) -> None:
    assert night.code == 2, night.said
    found = _until(
        lambda: _events(night, "counterfoil.*"),
        lambda events: any(event["event"] == "counterfoil.audit.completed" for event in events),
    )
    (completed,) = [event for event in found if event["event"] == "counterfoil.audit.completed"]
    assert completed["resource"]["prefect.resource.id"] == "counterfoil.database.empwr"
    assert completed["payload"]["status"] == "critical"
    changes = {
        event["resource"]["counterfoil.check"]: event
        for event in found
        if event["event"] == "counterfoil.incident.new"
    }
    assert "integrity.no_duplicates" in changes
    london = changes["ledger.balance_matches_entries"]
    assert re.fullmatch(
        r"counterfoil\.incident\.empwr\.ledger\.balance_matches_entries\.[0-9a-f]{12}",
        london["resource"]["prefect.resource.id"],
    )
    assert london["payload"]["size"] == -50
    assert london["payload"]["key"] == {
        "ledger": "capacity",
        "balance": "available",
        "account": "79cef00c-e163-449c-9f3c-d021fbb4d672",
    }


def test_a_block_of_prefects_and_a_url_are_told_the_same(night: Night) -> None:
    (by_block,), (by_url,) = night.by_block.messages, night.by_url.messages
    assert by_block["title"] == by_url["title"]
    assert by_block["title"].startswith("Counterfoil empwr: CRITICAL, ")


def test_no_dancer_and_no_secret_is_in_anything_that_leaves(night: Night) -> None:
    leaving = {
        "output": night.said,
        "history": night.history,
        "messages": str([night.by_block.messages, night.by_url.messages]),
        "events": str([_events(night, "counterfoil.*"), _events(night, "*")]),
        "artifacts": str(night.prefect.ask("artifacts/filter")),
        "flow runs": str(night.prefect.ask("flow_runs/filter")),
        "task runs": str(night.prefect.ask("task_runs/filter")),
        "logs": str(night.prefect.ask("logs/filter", limit=200)),
        **{
            str(path.relative_to(night.folder)): path.read_text(encoding="utf-8")
            for path in [
                night.folder / "counterfoil.prom",
                *(each for each in night.folder.glob("reports/*/**/*") if each.is_file()),
            ]
        },
    }
    # What is looked through is what it is thought to be.
    assert [name for name, text in leaving.items() if len(text) < 100] == []
    assert "00000000-0000-0000-0002-000000000003" in leaving["history"]
    assert len(night.dancers) > 200
    for name, text in leaving.items():
        words = set(re.findall(r"[\w'-]+", text))
        for first_name, last_name, born in night.dancers:
            assert first_name not in words, (name, first_name)
            assert last_name not in words, (name, last_name)
            assert f"{first_name} {last_name}" not in text, name
            assert born is None or born not in text, (name, born)
        assert SECRET not in text, name
    own_events = str(_events(night, "counterfoil.*"))
    for organisation in ("London", "Dans Dancer"):
        assert organisation not in leaving["counterfoil.prom"] + own_events


def test_a_night_without_an_audit_is_told(night: Night) -> None:
    """No later audit follows here, so its absence is noticed."""
    told = len(night.by_block.messages)
    watching = ("alerts", "watch", "--block", "custom-webhook/on-call", "--hours", "0.01")
    for _ in range(2):
        code, said = night.counterfoil(*watching)
        assert code == 0, said
    automations = night.prefect.ask("automations/filter")
    (automation,) = [one for one in automations if "counterfoil" in one["name"]]
    assert automation["trigger"]["posture"] == "Proactive"
    messages = _until(lambda: night.by_block.messages, lambda messages: len(messages) > told)
    assert messages[told]["title"] == "Counterfoil empwr: no audit"
    code, said = night.counterfoil("alerts", "watch", "--block", "slack-webhook/nobody")
    assert code == 3
    assert "Prefect has no notification block 'slack-webhook/nobody'" in said


def _events(night: Night, name: str) -> list[dict[str, Any]]:
    wanted = {} if name == "*" else {"event": {"prefix": [name.rstrip("*")]}}
    events: list[dict[str, Any]] = night.prefect.ask("events/filter", filter=wanted, limit=50)[
        "events"
    ]
    return events


def _until(ask: Callable[[], Any], is_there: Callable[[Any], bool]) -> Any:
    """The answer, once it is there; at most a minute and a half later."""
    for _ in range(180):
        answer = ask()
        if is_there(answer):
            return answer
        time.sleep(0.5)
    raise TimeoutError(str(answer)[:500])


def _counterfoil(prefect: Prefect, folder: Path, *arguments: str) -> tuple[int, str]:
    finished = counterfoil(*arguments, folder=folder, environment=prefect.environment)
    return finished.returncode, finished.stdout + finished.stderr


def _query(database: Database, sql: str) -> list[Any]:
    with closing(psycopg2.connect(database.url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []


def _dump(database: Database) -> str:
    tables = _query(
        database,
        "select tablename from pg_tables where schemaname = 'counterfoil_history' order by 1",
    )
    return "\n".join(
        str(_query(database, f"select each::text from counterfoil_history.{table} as each"))
        for (table,) in tables
    )
