"""Alerts: who hears of what, once, whatever the receivers and the process do meanwhile."""

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import apprise
import psycopg2
import pytest
from apprise.plugins import pagerduty
from conftest import ROOT, Database
from copies import copy_of
from receivers import Webhook, mailbox, webhook
from refusals import refused

from counterfoil.alerts.outbox import deliver, queue_alerts, queue_failure
from counterfoil.alerts.recipients import Recipient, check_owners, load_recipients
from counterfoil.alerts.send import redact
from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.audit.waivers import Waiver
from counterfoil.common.errors import AlertError
from counterfoil.common.settings import Settings
from counterfoil.history.closed_days import read_closed_days
from counterfoil.history.recall import recall
from counterfoil.history.record import record
from counterfoil.postgres.instant import open_snapshot

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ORPHAN = "6a570147-57a0-4f50-8b89-f3044b28c4dc"
# Those that know of London's fault: a night is short.
VIEWS = ("ledger_balances", "ledger_holds")
BACKFILL = f"""
    insert into capacity_ledger
        (tenant_id, competition_id, reservation_id, change_amount, reason, created_at)
    select tenant_id, competition_id, id, -spaces_confirmed, 'reservation_approval',
        '2025-10-30 04:00Z'
    from reservations where id = '{ORPHAN}'
"""


@dataclass
class Nights:
    """A database that is audited night by night, and whoever is told.

    Attributes:
        database: a copy of the demo's.
        recipients: of alerts.
    """

    database: Database
    recipients: Sequence[Recipient] = ()

    @property
    def settings(self) -> Settings:
        """Those of its audits."""
        return self.database.settings

    def audit(self, audit_id: str, *, waivers: Sequence[Waiver] = (), send: bool = True) -> Audit:
        """A night: recalled, audited, recorded with what is to be told, delivered."""
        plan = self.database.plan
        known = recall(plan.scope.database, plan.session)
        with open_snapshot(plan.session) as snapshot:
            closed_days = read_closed_days(snapshot, plan.scope.contract)
            scope = replace(
                plan.scope,
                suites=tuple(suite for suite in plan.scope.suites if suite.relation in VIEWS),
                waivers=tuple(waivers),
                known=known,
            )
            found = audit(scope, snapshot, audit_id=audit_id)
        also = queue_alerts(self.recipients, found, self.settings)
        record(found, closed_days, plan.session, also=also)
        if send:
            self.deliver()
        return found

    def deliver(self) -> None:
        plan = self.database.plan
        deliver(self.recipients, plan.scope.database, plan.session)

    def execute(self, sql: str, *parameters: Any) -> None:
        with closing(psycopg2.connect(self.database.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.database.url)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()


@pytest.fixture
def nights(overnight: Database) -> Iterator[Nights]:
    with copy_of(overnight, "alerted") as copy:
        hurried = copy.settings.model_copy(update={"alert_timeout_s": 3})
        yield Nights(copy.connecting(settings=hurried))


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as receiver:
        yield receiver


@pytest.fixture
def everybody(monkeypatch: pytest.MonkeyPatch, hook: Webhook) -> Recipient:
    """A recipient of everything."""
    monkeypatch.setenv("HOOK_URL", hook.url())
    return Recipient(name="everybody", url_env="HOOK_URL", least_severity="info")


def test_what_notifies_may_take_its_time_to_be_imported(
    nights: Nights, hook: Webhook, everybody: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a host that does much else: the recipient did answer, and at once."""
    instantiate = apprise.Apprise.instantiate
    seconds = iter([4])

    def slowly_at_first(*arguments: Any, **named: Any) -> Any:
        time.sleep(next(seconds, 0))
        return instantiate(*arguments, **named)

    monkeypatch.setattr(apprise.Apprise, "instantiate", staticmethod(slowly_at_first))
    nights.recipients = [everybody]
    nights.audit("overnight")
    assert len(hook.messages) == 1


def test_what_cannot_be_imported_is_why_an_alert_waits(
    nights: Nights, everybody: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> Any:
        raise ImportError("no module of that service")

    monkeypatch.setattr(apprise.Apprise, "instantiate", staticmethod(fail))
    nights.recipients = [everybody]
    nights.audit("overnight")
    (waiting,) = nights.rows("select last_error from counterfoil_history.alerts")
    assert waiting == ("ImportError",)


def test_a_fault_is_told_once_and_its_end_once(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    nights.audit("overnight")
    (told,) = hook.messages
    assert told["title"] == "Counterfoil empwr: CRITICAL, 1 new"
    assert told["type"] == "failure"
    lines = told["message"].splitlines()
    assert lines[2] == "New: 1 (3 findings)"
    assert lines[3] == "- EMPWR Dance - London (capacity, available) is off by -50 tokens"
    assert lines[4].startswith("  reservation 6a570147… has no entry")
    assert lines[5].startswith("  critical, owned by ledger: ledger.balance_matches_entries")
    assert lines[6].startswith("  Remedy: ")
    plan = "  counterfoil repair plan --ledger capacity --account "
    assert lines[7] == plan + LONDON
    assert lines[-2].startswith("Report: file:///")
    assert lines[-2].endswith("/reports/overnight/index.html")
    assert lines[-1].startswith("Alert ")

    nights.execute((ROOT / "demo" / "empwr" / "afternoon.sql").read_text())
    nights.execute("alter database alerted set counterfoil.as_of = '2025-10-30T16:00:00Z'")
    nights.audit("afternoon")
    assert len(hook.messages) == 1

    nights.execute(BACKFILL)
    nights.audit("corrected")
    nights.audit("and after")
    assert hook.titles[1:] == ["Counterfoil empwr: PASSED, 1 resolved"]
    assert hook.messages[1]["type"] == "success"
    assert len(set(hook.alert_ids)) == 2


def test_what_pages_is_sent_nothing_that_asks_for_nothing(
    nights: Nights, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each message to PagerDuty opens an incident: neither an end nor "again" is one."""
    address = f"http://127.0.0.1:{hook.port}/"
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, pagerduty.PagerDutyRegion.US, address)
    monkeypatch.setenv("PAGER_URL", f"pagerduty://{'i' * 32}@{'a' * 20}")
    nights.recipients = [Recipient(name="pager", url_env="PAGER_URL")]
    nights.audit("overnight")
    assert [message["event_action"] for message in hook.messages] == ["trigger"]
    nights.execute(BACKFILL)
    nights.audit("corrected")
    assert len(hook.messages) == 1

    session = nights.database.plan.session
    for audit_id in ("cut off", "cut off again"):
        queue_failure(
            nights.recipients, "empwr", session, audit_id=audit_id, reason="no disk", audit=None
        )
        nights.deliver()
        assert nights.audit(f"after {audit_id}").status == "passed"
    summaries = [message["payload"]["summary"] for message in hook.messages[1:]]
    assert len(summaries) == 2
    assert all("Nobody knows what is true now" in summary for summary in summaries)
    assert nights.rows("select from counterfoil_history.alerts where delivered_at is null") == []


@pytest.mark.parametrize(
    ("way", "pages"),
    [
        ({"url_env": "PAGER_URL"}, True),
        ({"prefect_block": "pager-duty-webhook/on-call"}, True),
        ({"prefect_block": "slack-webhook/on-call"}, False),
        ({"url_env": "HOOK_URL"}, False),
        ({"url_env": "UNSET_URL"}, False),
    ],
)
def test_what_pages(
    everybody: Recipient, monkeypatch: pytest.MonkeyPatch, way: dict[str, str], *, pages: bool
) -> None:
    monkeypatch.setenv("PAGER_URL", "PagerDuty://i@a")
    assert Recipient(name="pager", **way).pages is pages  # type: ignore[arg-type]


def test_what_grew_is_told_with_both_sizes(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    nights.audit("first")
    lower_london(nights, 20)
    nights.audit("second")
    assert hook.titles[1] == "Counterfoil empwr: CRITICAL, 1 worse"
    assert "(-50 before, -70 tokens now)" in hook.messages[1]["message"]
    lower_london(nights, -20)
    nights.audit("third")
    assert len(hook.messages) == 2, "what eased is no alert"


def test_a_fault_corrected_in_part_is_not_reported_as_gone(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    nights.audit("first")
    lower_london(nights, -50)
    nights.audit("second")
    assert hook.titles[1] == "Counterfoil empwr: CRITICAL, 1 better"
    assert "gone, still open by ledger.hold_has_entry" in hook.messages[1]["message"]


def test_what_is_waived_is_silent_until_the_waiver_ends(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    waivers = [
        waiver(
            "ledger.balance_matches_*",
            {"ledger": "capacity", "balance": "available", "account": LONDON},
        ),
        waiver(
            "ledger.hold_has_entry",
            {"ledger": "capacity", "holds": "reservations", "hold": ORPHAN},
        ),
    ]
    nights.audit("accepted", waivers=waivers)
    assert hook.messages == []
    nights.audit("no longer")
    assert hook.titles == ["Counterfoil empwr: CRITICAL, 1 reopened"]
    assert "(no longer waived)" in hook.messages[0]["message"]
    nights.audit("accepted again", waivers=waivers)
    nights.execute(BACKFILL)
    nights.audit("corrected")
    assert len(hook.messages) == 1


def test_a_recipient_hears_of_its_own_checks_severities_and_changes(
    nights: Nights, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recipient(name: str, **wishes: Any) -> Recipient:
        monkeypatch.setenv(f"{name.upper()}_URL", hook.url(path=name))
        return Recipient(name=name, url_env=f"{name.upper()}_URL", **wishes)

    nights.recipients = [
        recipient("platform", owners=("platform",)),
        recipient("ledgers", owners=("ledger", "data")),
        recipient("urgent", least_severity="critical"),
        recipient("ends", changes=("resolved",)),
    ]
    nights.audit("first")
    told = {
        row[0]: row[1:]
        for row in nights.rows(
            "select recipient, title, body, cardinality(incident_ids)"
            " from counterfoil_history.alerts"
        )
    }
    assert told.keys() == {"ledgers", "urgent"}
    assert told["ledgers"][2] == 3
    assert told["urgent"][2] == 2
    assert "ledger.balance_matches_entries_exactly" not in told["urgent"][1]
    nights.execute(BACKFILL)
    nights.audit("second")
    assert nights.rows(
        "select recipient from counterfoil_history.alerts where title like '%1 resolved'"
        " order by recipient"
    ) == [("ends",), ("ledgers",), ("urgent",)]


def test_a_reminder_comes_by_the_wall_clock_and_survives(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    """The demo's audits are all of one instant; people live by another clock."""
    nights.recipients = [everybody.model_copy(update={"remind_after_days": 3})]
    nights.audit("first")
    nights.audit("the same night")
    assert len(hook.messages) == 1
    age(nights, "2 days 12 hours 1 second")
    nights.audit("third night")
    assert hook.titles[1:] == ["Counterfoil empwr: CRITICAL, 1 still open"]
    reminder = "Still open (reminder): 1 (3 findings)\n- EMPWR Dance - London"
    assert reminder in hook.messages[1]["message"]
    assert hook.messages[1]["type"] == "warning"
    nights.audit("the same night again")
    assert len(hook.messages) == 2


def test_an_audit_that_cannot_judge_is_told_once_until_it_can(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody.model_copy(update={"owners": ("platform",)})]
    ((definition,),) = nights.rows("select pg_get_viewdef('counterfoil.ledger_balances')")
    original = definition.rstrip(";")
    nights.execute(
        f"create or replace view counterfoil.ledger_balances as"
        f" select * from ({original}) as original where false"
    )
    assert nights.audit("first").status == "error"
    nights.audit("second")
    assert hook.titles == ["Counterfoil empwr: INCOMPLETE, it could not judge"]
    why, _ = [line for line in hook.messages[0]["message"].splitlines() if "has no rows" in line]
    assert why.startswith("- ledger.balance_matches_entries (capacity), ")
    assert ": ledger_balances (capacity) has no rows" in why
    nights.execute(f"create or replace view counterfoil.ledger_balances as {original}")
    nights.audit("third")
    nights.audit("fourth")
    assert hook.titles[1:] == ["Counterfoil empwr: CRITICAL, it can judge again"]


def test_a_failure_is_told_once_until_an_audit_is_completed(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    plan = nights.database.plan
    for audit_id in ("first", "second"):
        queue_failure(
            nights.recipients,
            "empwr",
            plan.session,
            audit_id=audit_id,
            reason="the views\ncould not be \x1b[31mbuilt",
            audit=None,
        )
    nights.deliver()
    (told,) = hook.messages
    assert told["title"] == "Counterfoil empwr: the audit could not be completed"
    assert "the views could not be [31mbuilt" in told["message"]
    nights.audit("third")
    assert hook.titles[1:] == ["Counterfoil empwr: CRITICAL, it can judge again, 1 new"]


def test_receivers_that_fail_harm_nobody_and_are_told_the_next_time(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook() as good, webhook() as broken, webhook() as hanging:
        broken.status, hanging.seconds = 500, 60
        monkeypatch.setenv("GOOD_URL", good.url())
        monkeypatch.setenv("BROKEN_URL", broken.url("user:s3cretword", "tok3nofbroken"))
        monkeypatch.setenv("HANGING_URL", hanging.url("", "tok3nofhanging") + "?rto=120")
        monkeypatch.setenv("REFUSING_URL", "json://user:s3cretword@127.0.0.1:1/tok3nofrefusing")
        monkeypatch.setenv("ODD_URL", "odd://user:s3cretword@127.0.0.1/tok3nofodd")
        nights.recipients = [
            *(
                Recipient(name=name, url_env=f"{name.upper()}_URL")
                for name in ("hanging", "refusing", "broken", "odd", "unset")
            ),
            Recipient(name="good", url_env="GOOD_URL"),
        ]
        with caplog.at_level(logging.INFO):
            nights.audit("first")
        assert good.titles == ["Counterfoil empwr: CRITICAL, 1 new"]
        kept = dict(
            nights.rows(
                "select recipient, last_error from counterfoil_history.alerts"
                " where delivered_at is null and attempts = 1"
            )
        )
        assert kept["hanging"] == "no answer within 3 s"
        assert kept["refusing"].startswith("A Connection error occurred sending JSON")
        assert "error=500" in kept["broken"]
        assert kept["odd"] == "its URL is none that apprise knows"
        assert kept["unset"] == "environment variable UNSET_URL is not set"
        # Apprise's own records get no further than pytest's handler on its logger.
        assert not logging.getLogger("apprise").propagate
        log = [record for record in caplog.records if record.name != "apprise"]
        said = [record.getMessage() for record in log]
        for name in kept:
            assert any(
                line.startswith(f"'{name}' could not be notified ({kept[name]})") for line in said
            )
        said = str(said) + str(nights.rows("select * from counterfoil_history.alerts"))
        assert "s3cretword" not in said
        assert "tok3n" not in said

        lower_london(nights, 20)
        broken.status, hanging.seconds = 200, 0
        broken.messages.clear()
        hanging.messages.clear()
        nights.audit("second")
        for receiver in (broken, hanging):
            assert receiver.titles == [
                "Counterfoil empwr: CRITICAL, 1 new",
                "Counterfoil empwr: CRITICAL, 1 worse",
            ], "the oldest first"
        assert len(good.messages) == 2


def test_a_receiver_that_turns_one_message_down_gets_the_others(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    nights.audit("first", send=False)
    lower_london(nights, 20)
    nights.audit("second", send=False)
    hook.status = 413
    hook.before_answering = lambda: setattr(hook, "status", 413 if len(hook.messages) < 2 else 200)
    nights.deliver()
    assert len(hook.messages) == 2
    assert nights.rows(
        "select title from counterfoil_history.alerts where delivered_at is null"
    ) == [("Counterfoil empwr: CRITICAL, 1 new",)]


def test_two_audits_do_not_send_one_alert_twice(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    hook.seconds = 0.5
    nights.recipients = [everybody]
    nights.audit("first", send=False)
    lower_london(nights, 20)
    nights.audit("second", send=False)
    both = [threading.Thread(target=nights.deliver) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(hook.messages) == 2
    assert len(set(hook.alert_ids)) == 2


def test_killed_between_sending_and_marking_it_is_sent_again_under_the_same_id(
    nights: Nights, hook: Webhook, everybody: Recipient, tmp_path: Path
) -> None:
    nights.recipients = [everybody]
    nights.audit("first", send=False)
    work = tmp_path / "work.pickle"
    work.write_bytes(pickle.dumps((nights.recipients, "empwr", nights.database.plan.session)))
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import pickle, sys; from counterfoil.alerts.outbox import deliver;"
            "deliver(*pickle.load(open(sys.argv[1], 'rb')))",
            str(work),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    hook.before_answering = process.kill
    assert process.wait(timeout=60) == -signal.SIGKILL
    hook.before_answering = lambda: None
    assert nights.rows("select attempts, delivered_at from counterfoil_history.alerts") == [
        (0, None)
    ]
    nights.deliver()
    nights.deliver()
    first, second = hook.alert_ids
    assert first == second


def test_an_audit_that_is_not_recorded_owes_nobody_anything(
    nights: Nights, everybody: Recipient
) -> None:
    """The outbox is part of the transaction: neither is kept without the other."""
    nights.recipients = [everybody]
    plan = nights.database.plan
    audit = nights.audit("first", send=False)
    nights.execute("delete from counterfoil_history.audits")
    nights.execute("delete from counterfoil_history.incidents")
    nights.execute("delete from counterfoil_history.alerts")

    def fail(recording: Any, history: Any) -> None:
        queue_alerts(nights.recipients, audit, nights.settings)(recording, history)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record(audit, [], plan.session, also=fail)
    assert nights.rows("select alert_id from counterfoil_history.alerts") == []
    also = queue_alerts(nights.recipients, audit, nights.settings)
    for _ in range(2):
        record(audit, [], plan.session, also=also)
    assert len(nights.rows("select alert_id from counterfoil_history.alerts")) == 1


def test_mail_arrives_as_plain_text_and_hostile_names_stay_text(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.execute(
        f"update competitions set name = %s where id = '{LONDON}'",
        "<b>L&o\r\nBcc: x@example.org\n</b> \u202e@everyone <!channel> `{{x}}` " + "é" * 2000,
    )
    with mailbox() as (port, mails):
        monkeypatch.setenv(
            "MAIL_URL",
            f"mailto://127.0.0.1:{port}?from=audit@example.org&to=on-call@example.org&format=text",
        )
        nights.recipients = [Recipient(name="mail", url_env="MAIL_URL")]
        nights.audit("first")
    (mail,) = mails
    assert mail["Subject"] == "Counterfoil empwr: CRITICAL, 1 new"
    assert mail["Bcc"] is None
    body = mail.get_content()
    assert "<b>L&o Bcc: x@example.org </b>" in body
    assert "\u202e" not in body
    assert "@everyone" not in body
    assert "<!channel" not in body
    assert len(body) < 3000
    ((alert_id,),) = nights.rows("select alert_id from counterfoil_history.alerts")
    assert body.rstrip().endswith(f"Alert {alert_id}")


def test_a_thousand_findings_are_one_readable_message(
    nights: Nights, hook: Webhook, everybody: Recipient
) -> None:
    nights.recipients = [everybody]
    nights.execute(
        "insert into competitions (tenant_id, name, total_reservation_tokens,"
        " available_reservation_tokens) select tenant_id, repeat('C', 1000), 100, 7"
        f" from competitions, generate_series(1, 1000) where id = '{LONDON}'"
    )
    nights.audit("first")
    (told,) = hook.messages
    assert told["title"] == "Counterfoil empwr: CRITICAL, 1,001 new"
    more = "... and 996 more: ledger.balance_matches_entries (capacity) (996), in the report"
    assert more in told["message"]
    assert len(told["message"]) < 12_000


def test_the_redacted_text_has_no_part_of_the_url() -> None:
    url = "slack://T1JJ3T3L2:p%40ss@A1BRTD4JD/TIiajkdnlazkc?to=me%2Byou"
    said = f"cannot post to {url}, A1BRTD4JD, p@ss, me+you: 500 Internal Server Error"
    kept = redact(said, url)
    for part in ("T1JJ3T3L2", "p%40ss", "p@ss", "A1BRTD4JD", "TIiajkdnlazkc", "me"):
        assert part not in kept.replace("message", "")
    assert kept.endswith("500 Internal Server Error")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("recipients: 3", "recipients"),
        ("- x", "a list"),
        ("recipients: [{name: a}]", "give either url_env or prefect_block"),
        ("recipients: [{name: a, url_env: A, prefect_block: slack-webhook/a}]", "either"),
        ("recipients: [{name: a, url: 'json://pw@x'}]", "unknown key 'recipients.0.url'"),
        ("recipients: [{name: a, url_env: 'json://pw@x'}]", "recipients.0.url_env"),
        ("recipients: [{name: '', url_env: A}]", "recipients.0.name"),
        ('recipients: [{name: "a\\nb", url_env: A}]', "recipients.0.name"),
        ("recipients: [{name: a, url_env: A}, {name: a, url_env: B}]", "are called 'a'"),
        ("recipients: [{name: a, url_env: A, least_severity: high}]", "least_severity"),
        ("recipients: [{name: a, url_env: A, changes: [eased]}]", "changes.0"),
        ("recipients: [{name: a, url_env: A, changes: []}]", "changes"),
        ("recipients: [{name: a, url_env: A, remind_after_days: 0}]", "remind_after_days"),
        ("recipients: [{name: a, url_env: A, remind_after_days: yes}]", "remind_after_days"),
        ("recipients: [{name: a, url_env: A, owners: []}]", "owners"),
        ("recipients: [{name: a, url_env: A}]\nrecipients: []", "written twice"),
        ("recipients: [", "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_in_a_line_without_its_values(
    tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "alerts.yml"
    file.write_text(content)
    with refused(AlertError, str(file), named) as errors:
        load_recipients(file)
    assert "pw@x" not in str(errors[0])


def test_no_file_and_an_empty_one_are_no_recipients(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yml"
    assert load_recipients(file) == ()
    for content in ("", "# nobody yet\n", "recipients: []\n"):
        file.write_text(content)
        assert load_recipients(file) == ()


def test_an_owner_of_no_check_is_refused(overnight: Database, tmp_path: Path) -> None:
    recipient = Recipient(name="a", url_env="A", owners=("data", "finance"))
    scope = overnight.plan.scope
    with refused(AlertError, "'finance'", "data, ledger"):
        check_owners([recipient], scope.suites, scope.contract, tmp_path)


def test_the_example_of_the_documentation_is_taken(overnight: Database, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    file = tmp_path / "alerts.yml"
    file.write_text(page.split("```yaml\n")[1].split("```")[0])
    recipients = load_recipients(file)
    assert [recipient.name for recipient in recipients] == ["on-call", "bookings"]
    check_owners(recipients, overnight.plan.scope.suites, overnight.plan.scope.contract, file)


def lower_london(nights: Nights, tokens: int) -> None:
    """Moves the balance that is stored, and nothing that would explain it."""
    nights.execute(
        "update competitions set available_reservation_tokens ="
        f" available_reservation_tokens - {tokens} where id = '{LONDON}'"
    )


def age(nights: Nights, by: str) -> None:
    """Makes what was told as old as if that had passed since."""
    nights.execute(
        f"update counterfoil_history.alerts set composed_at = composed_at - interval '{by}'"
    )


def waiver(check_id: str, key: dict[str, str]) -> Waiver:
    return Waiver(
        line=2,
        database="empwr",
        check_id=check_id,
        key=json.dumps(key),
        owner="data",
        reason="known",
        expires_on=date(2099, 1, 1),
    )
