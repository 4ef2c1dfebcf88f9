"""Rules of one's own: one pass of a table for all of them, and the errors of each are its own."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from conftest import Database

from counterfoil.alerts.recipients import Recipient, check_owners

VIEWS = ("row_rules", "row_rules_singly", "rule_breaches")
# A rule of the market's, as Postgres writes it, and what takes its place.
RULE = "boxes < 10"
SLOW = "boxes < 10 and pg_sleep(60) is not null"
ODD = "1 / (boxes - boxes) < 10"


def test_one_pass_is_for_all_rules_of_a_table(market: Database) -> None:
    """However many rules there are; what one of them looks up elsewhere is another's."""
    with closing(psycopg2.connect(**market.plan.session.builder.libpq)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("explain select * from counterfoil.row_rules")
            plan = "\n".join(line for (line,) in cursor)
    assert plan.count("Scan on shipments") == 1
    assert len(market.plan.scope.contract.rules) == 3


@pytest.fixture
def instead(market: Database, request: pytest.FixtureRequest) -> Iterator[str]:
    """The market's views with other SQL for one of the rules, and as they were afterwards."""
    target = market.plan.session.builder
    with closing(psycopg2.connect(**target.libpq)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        built = {}
        for view in VIEWS:
            cursor.execute("select pg_get_viewdef(%s::regclass)", (f"counterfoil.{view}",))
            ((built[view],),) = cursor.fetchall()
            written = re.sub(r"(\w+\.)?boxes < 10", request.param, built[view])
            assert written != built[view]
            cursor.execute(f"create or replace view counterfoil.{view} as {written}")
        yield request.param
        for view, written in built.items():
            cursor.execute(f"create or replace view counterfoil.{view} as {written}")


@pytest.mark.parametrize("instead", [SLOW, ODD], indirect=True)
def test_a_rule_that_cannot_be_read_is_its_own_error(market: Database, instead: str) -> None:
    """It runs into the time-out, or divides by zero: the others are judged all the same."""
    settings = market.settings.model_copy(update={"statement_timeout_s": 2})
    audit = market.connecting(settings=settings).audit()
    said = {check.name: check for check in audit.checks if check.check_id == "integrity.rules_hold"}
    assert {name: check.status for name, check in said.items()} == {
        "integrity.rules_hold (packed_before_now)": "pass",
        "integrity.rules_hold (few_boxes)": "error",
        "integrity.rules_hold (arrived_of_an_order)": "pass",
    }
    why = "statement timeout" if instead == SLOW else "division by zero"
    assert why in str(said["integrity.rules_hold (few_boxes)"].detail)
    assert said["integrity.rules_hold (packed_before_now)"].rows_checked == 2


def test_a_rule_says_its_own_words(market: Database) -> None:
    """What it does not say is the suite's."""
    audit = market.audit()
    said = {check.name: check for check in audit.checks}
    few = said["integrity.rules_hold (few_boxes)"]
    assert (few.title, few.why) == ("No shipment has ten boxes or more", "The courier takes nine.")
    assert (few.remedy, few.owner) == ("Make two shipments of it.", "logistics")
    assert few.severity == "warning"
    recipient = Recipient(name="a", url_env="A", owners=("logistics",))
    check_owners([recipient], (), market.plan.scope.contract, Path())
    other = said["integrity.rules_hold (packed_before_now)"]
    assert (other.owner, other.severity) == ("data", "critical")
