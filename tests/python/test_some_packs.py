"""An audit of some of the contract's packs: what it judges, and what it leaves as it was."""

import json
from collections.abc import Iterator

import pytest
from conftest import Database
from copies import copy_of
from refusals import refused
from shown import shown
from test_history import LONDON, NEW, Nights, kinds

from counterfoil.alerts.compose import Told, compose
from counterfoil.alerts.recipients import Recipient
from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.audit.waivers import Waiver
from counterfoil.common.errors import ContractError
from counterfoil.pipeline.plan import make_plan
from counterfoil.publish.headlines import outcome, verdict
from counterfoil.publish.html import render_html
from counterfoil.publish.markdown import render_markdown


@pytest.fixture
def nights(overnight: Database) -> Iterator[Nights]:
    with copy_of(overnight, "some_packs") as copy:
        yield Nights(copy)


def check(audit: Audit, check_id: str) -> CheckResult:
    (found,) = [check for check in audit.checks if check.check_id == check_id]
    return found


def with_waivers(nights: Nights, *waivers: Waiver) -> Nights:
    return Nights(nights.database.judging(waivers=waivers))


def waiver(check_id: str, key: dict[str, str]) -> Waiver:
    return Waiver(
        line=2,
        database="empwr",
        check_id=check_id,
        key=json.dumps(key),
        owner="ledger",
        reason="Accepted",
        expires_on="2025-12-31",
    )


def test_only_the_packs_that_are_named(nights: Nights) -> None:
    audit = nights.audit("part", packs=["integrity"])
    assert audit.packs_left_out == ["ledger", "tenancy"]
    packs = {check.check_id.split(".")[0] for check in audit.checks}
    assert packs == {"integrity", "audit"}
    assert audit.status == "passed"
    assert verdict(audit).endswith(" not applicable, without ledger, tenancy")
    assert check(audit, "audit.every_check_ran").rows_checked == len(audit.checks) - 2
    assert not {"ledger_balances", "ledger_growth", "tenants"} & audit.sections.keys()
    for page in (
        render_markdown(shown(audit)),
        render_html(shown(audit), links={"all": "a", "json": "j", "markdown": "m"}),
    ):
        assert "without ledger, tenancy" in page
    assert nights.rows("select packs_left_out from counterfoil_history.audits") == [
        (["ledger", "tenancy"],)
    ]


def test_what_is_left_out_stays_as_it_was(nights: Nights) -> None:
    assert kinds(nights.audit("whole")) == NEW
    latest = nights.rows("select count(*) from counterfoil.latest_check_results")
    part = nights.audit("part", packs=["integrity", "tenancy"])
    assert kinds(part) == {}, "nobody looked: neither resolved nor gone on"
    assert part.history is not None
    assert {incident.last_seen_at for incident in part.history.incidents} == {
        incident.opened_at for incident in part.history.incidents
    }
    assert len(part.history.incidents) == len(NEW)
    assert nights.rows("select count(*) from counterfoil.latest_check_results") == latest
    assert nights.rows(
        "select audit_id, count(*) from counterfoil.latest_check_results"
        " where category = 'Ledgers' and status = 'fail' group by 1"
    ) == [("whole", 3)]
    nights.execute(
        f"update competitions set available_reservation_tokens ="
        f" available_reservation_tokens + 50 where id = '{LONDON}'"
    )
    again = nights.audit("again", packs=["integrity"])
    assert kinds(again) == {}
    assert outcome(again).endswith("without ledger, tenancy"), "what is open there is not told"
    capacity = nights.audit("ledger", packs=["ledger"])
    assert "resolved" in kinds(capacity)["ledger.balance_matches_entries"]


def test_days_close_with_their_own_pack(nights: Nights) -> None:
    nights.audit("part", packs=["integrity", "tenancy"])
    closed = "select count(*) > 0 from counterfoil_history.closed_through"
    assert nights.rows(closed) == [(False,)]
    nights.audit("ledger", packs=["ledger"])
    assert nights.rows(closed) == [(True,)]


def test_waivers_of_what_is_left_out(nights: Nights) -> None:
    """One that nothing needs is a finding, which an audit that cannot tell does not resolve."""
    idle = waiver(
        "ledger.balance_matches_entries",
        {"ledger": "capacity", "balance": "available", "account": "nobody's"},
    )
    waiving = with_waivers(nights, idle)
    assert kinds(waiving.audit("whole"))["audit.waivers_in_use"] == ["new"]
    part = waiving.audit("part", packs=["tenancy"])
    assert [use.state for use in part.waivers] == ["not judged"]
    assert kinds(part) == {}
    assert kinds(nights.audit("without it"))["audit.waivers_in_use"] == ["resolved"]


def test_an_empty_table_is_no_pass_whatever_is_left_out(nights: Nights) -> None:
    nights.execute("truncate capacity_ledger")
    audit = nights.audit("part", packs=["ledger"])
    assert audit.status == "error", "what would say why was left out"
    assert "capacity_ledger" in audit.empty_tables


def test_alerts_say_nothing_of_what_is_left_out(nights: Nights) -> None:
    recipient = Recipient(name="people", url_env="HOOK_URL", remind_after_days=1)
    whole = nights.audit("whole")
    part = nights.audit("part", packs=["integrity"])
    assert whole.history is not None
    assert part.history is not None
    due = frozenset(incident.incident_id for incident in part.history.incidents)
    reminded = compose(recipient, whole, whole.history, Told(due=due), "report")
    assert reminded is not None
    assert compose(recipient, part, part.history, Told(due=due), "report") is None
    # Nor that what could not be judged can be again.
    assert compose(recipient, part, part.history, Told(judged=False), "report") is None


def test_a_pack_that_the_contract_does_not_have(overnight: Database) -> None:
    with refused(
        ContractError,
        "contract of empwr: the contract has no pack 'health'."
        " Audit one or more of: ledger, tenancy, integrity.",
    ):
        make_plan("demo", None, overnight.settings, packs=["health"])
