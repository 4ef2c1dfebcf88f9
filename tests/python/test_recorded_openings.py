"""`opening: recorded`: the first audit takes what is stored as it is, and later ones hold it
against what came since.
"""

from collections.abc import Iterator

import pytest
from applications import execute, kept, night
from conftest import Database

from counterfoil.audit.findings import Audit, Measure
from counterfoil.postgres.profiles import Target

SCHEMA = """
    create table stock (sku text, site int, on_hand numeric(12, 3) not null);
    create table moves (id int primary key, sku text, site int, quantity numeric(12, 3) not null);
    -- The first account is of two rows, the second older than every move, the third a plain one.
    insert into stock values ('a%', 1, 4), ('a%', 1, 3), ('b', 1, 2.5), ('c', null, 0);
    insert into moves values (1, 'a%', 1, 5);
"""
CONTRACT = """
database: moved
schema: public
packs: [ledger]
ledgers:
  stock:
    accounts: {table: stock, key: [sku, site]}
    balances: {on_hand: {stored: on_hand, opening: recorded, sum: [moves]}}
    entries: {moves: {table: moves, key: id, account: [sku, site], amount: quantity}}
"""


@pytest.fixture(scope="module")
def moved(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("moved")
    server = shared.plan.session.builder
    with kept(server, "moved", SCHEMA, CONTRACT, folder) as target:
        yield target


def off(audit: Audit) -> dict[str | None, Measure | None]:
    (check,) = (one for one in audit.checks if one.check_id == "ledger.balance_matches_entries")
    return {finding.key["account"]: finding.size for finding in check.findings}


def test_the_first_audit_takes_it_as_it_is_and_later_ones_hold_against_it(moved: Target) -> None:
    first = night(moved, "first")
    assert first.status == "passed"
    said = execute(moved, "select distinct explanation from counterfoil.ledger_balances")
    assert said == [("balance and entries agree",)]
    assert execute(
        moved, "select account, trim_scale(amount) from counterfoil_history.recorded_openings"
        " order by account collate \"C\"",
    ) == [('["a%", 1]', 2), ('["b", 1]', 2.5), ('["c", null]', 0)]  # fmt: skip

    # Lawful, and one that appears later.
    execute(moved, "insert into moves values (2, 'b', 1, -0.5), (3, 'd', 2, 7)")
    execute(moved, "update stock set on_hand = 2 where sku = 'b'")
    execute(moved, "insert into stock values ('d', 2, 7)")
    assert off(night(moved, "second")) == {}

    # One of each that is not.
    execute(moved, "update stock set on_hand = on_hand + 1 where sku in ('b', 'd')")
    assert off(night(moved, "third")) == {'["b", 1]': 1, '["d", 2]': 1}
