"""A ledger that cannot be held against a database is refused, by key and in one line."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from applications import created
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from refusals import GONE, changed, refused

from counterfoil.common.errors import ContractError, PreflightError
from counterfoil.common.yamlfile import parse_model
from counterfoil.contract.catalog import Catalog, Facts
from counterfoil.contract.compiled_ledgers import compile_ledgers
from counterfoil.contract.contract import Contract

SCHEMA = """
    create table tills (
        id int primary key, place text, half text, balance int, ratio float8, opened date
    );
    create table holds (
        id int primary key, till_id int, status text, amount int, since timestamptz
    );
    create table moves (
        id bigint primary key, till_id int, till text, amount int, ratio float8, doc json,
        reason text, hold_id int, hold text, tag text, original int, at timestamptz, found int,
        remains int
    );
    create table tags (tag text, till_id int);
    create view moved as select * from moves;
    insert into tills values (1, 'here', 'a', 0, 0, '2026-01-01');
    insert into moves (id, till_id, amount, tag) values (1, 1, 0, 'x');
    insert into tags values ('x', 1), ('x', 2);
"""

GOOD: dict[str, Any] = {
    "database": "till",
    "schema": "public",
    "packs": ["ledger"],
    "tables": {"moves": {"key": "id"}, "holds": {"key": "id"}},
    "ledgers": {
        "till": {
            "days_close_after": "24 hours",
            "accounts": {"table": "tills", "key": "id", "label": "place"},
            "balances": {"cash": {"stored": "balance", "sum": ["moves"], "min": 0}},
            "entries": {
                "moves": {
                    "table": "moves",
                    "account": "till_id",
                    "amount": "amount",
                    "at": "at",
                    "reason": "reason",
                    "hold": "hold_id",
                }
            },
            "holds": {
                "holds": {
                    "table": "holds",
                    "account": "till_id",
                    "amount": "amount",
                    "status": "status",
                    "at": "since",
                    "owes": {"open": "-amount", "done": 0},
                }
            },
        }
    },
}

# What the contract alone shows. Key, value, what the error says.
OF_ITSELF: dict[str, tuple[str, Any, str]] = {
    "no ledger": ("ledgers", GONE, "key 'ledgers' is missing, and packs asks for ledger"),
    "a typo": ("accounts.kee", "id", "unknown key 'ledgers.till.accounts.kee'"),
    "no key": ("accounts.key", GONE, "key 'ledgers.till.accounts.key' is missing"),
    "no balance": ("balances", {}, "key 'ledgers.till.balances'"),
    "nothing to judge": (
        "balances.cash",
        {"sum": ["moves"]},
        "balances.cash: nothing to judge: give stored, min or max",
    ),
    "entries that are not there": (
        "balances.cash.sum",
        ["movs"],
        "balances.cash.sum: no entries 'movs' (there are: moves)",
    ),
    "no amount": ("entries.moves.amount", GONE, "have no amount, nor has the term"),
    "a key of another arity": (
        "entries.moves.account",
        ["till_id", "tag"],
        "entries.moves.account: give as many columns as accounts.key has: 1",
    ),
    "a hold's account of another arity": (
        "holds.holds.account",
        ["till_id", "id"],
        "holds.holds.account: give as many columns as accounts.key has: 1",
    ),
    "holds that are not there": ("entries.moves.hold", {"carts": "hold_id"}, "no holds 'carts'"),
    "holds that nobody names": ("entries.moves.hold", GONE, "holds.holds: no entries name them"),
    "a balance that is not there": ("holds.holds.balance", "gold", "no balance 'gold'"),
    "no status": ("holds.holds.owes", {}, "key 'ledgers.till.holds.holds.owes'"),
    "at all times without a time": (
        "entries.moves",
        {"table": "moves", "account": "till_id", "amount": "amount", "hold": "hold_id"},
        "balances.cash.at_all_times: entries 'moves' have no at",
    ),
    "at all times without a bound": ("balances.cash.min", GONE, "give min or max, to be held"),
    "a reason twice": ("reasons", {"takes": ["x"], "gives": ["x"]}, "'x' is there twice"),
    "reasons that nobody says": ("entries.moves.reason", GONE, "no entries say their reason"),
    "a freeze of nothing": (
        "freezes",
        [{"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}],
        "no reason adjusts",
    ),
    "a freeze that ends first": (
        "freezes",
        [{"from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}],
        "until is not after from",
    ),
    "an epoch in seconds": ("epoch", 1761696720, "give an ISO date and time"),
    "a repair of nothing stored": (
        "balances.cash",
        {"sum": ["moves"], "min": 0, "repair": {"balance": "expected"}},
        "balances.cash.repair: nothing is stored that could be recalculated",
    ),
    "an entry for no hold": (
        "entries.moves",
        {"table": "moves", "account": "till_id", "amount": 1, "write": {"amount": 1}},
        "entries.moves.write: they name no hold, and what is missing is a hold's entry",
    ),
    "days of entries at no time": (
        "entries.moves",
        {"table": "moves", "account": "till_id", "amount": 1, "hold": "hold_id", "reason": "tag"},
        "days_close_after: no entries have both at and amount, so no day can close",
    ),
    "a chain without a beginning": (
        "entries.moves.running_balance",
        {"after": "remains"},
        "give before, or the order",
    ),
}

# What only the catalog shows. Key, value, the key that the error names, what it says.
OF_THE_DATABASE: dict[str, tuple[str, Any, str, str]] = {
    "no table": ("accounts.table", "till", "accounts.table", "table public.till does not exist"),
    "no entries' table": ("entries.moves.table", "m", "entries.moves.table", "does not exist"),
    "no holds' table": ("holds.holds.table", "h", "holds.holds.table", "does not exist"),
    "no column": ("balances.cash.stored", "balanc", "balances.cash.stored", '"balanc" does not'),
    "no SQL": ("balances.cash.max", "1 +", "balances.cash.max", "Postgres refuses it: syntax"),
    "half a text": ("entries.moves.where", "tag = 'x", "entries.moves.where", "unterminated"),
    "a condition that is none": ("entries.moves.where", "amount", "entries.moves.where", "boolean"),
    "a sum": ("entries.moves.amount", "sum(amount)", "moves.amount", "aggregate functions are not"),
    "a set": ("entries.moves.amount", "generate_series(1, 2)", "moves.amount", "set-returning"),
    "a window": ("entries.moves.amount", "count(*) over ()", "moves.amount", "window functions"),
    "the clock": (
        "entries.moves.where",
        "at < now()",
        "entries.moves.where",
        "now is another one at every audit. Write as_of",
    ),
    "the clock in a text": ("entries.moves.where", "at < 'now'", "moves.where", "'now' is another"),
    "today": ("accounts.where", "opened < current_date", "accounts.where", "current_date is"),
    "a float": ("entries.moves.amount", "ratio", "moves.amount", "it is double precision, and no"),
    "a float that is stored": ("balances.cash.stored", "ratio", "cash.stored", "double precision"),
    "a text for an amount": ("entries.moves.amount", "tag", "moves.amount", "it is text, and no"),
    "a text for a time": ("entries.moves.at", "tag", "entries.moves.at", "it is text, and no inst"),
    "a key that does not compare": ("entries.moves.key", "doc", "moves.key", "could not identify"),
    "an account of another type": (
        "entries.moves.account",
        "till",
        "entries.moves.account",
        "it is text, and accounts.key is integer. Cast it: (x)::integer",
    ),
    "a hold of another type": (
        "entries.moves.hold",
        "hold",
        "entries.moves.hold",
        "it is text, and the key that it names is integer",
    ),
    "no key of the entries": (
        "entries.moves.table",
        "moved",
        "entries.moves.key",
        "it is missing, and the contract lists no key of moved either",
    ),
    "a join that is none": ("entries.moves.join", "left tags", "entries.moves.join", "syntax"),
    "a join that multiplies": (
        "entries.moves.join",
        "join (select tag from public.tags) as twice using (tag)",
        "entries.moves.join",
        "1 of them are there several times",
    ),
    "a lag that is none": ("days_close_after", "soon", "days_close_after", "invalid input syntax"),
    "a column that is not set": (
        "balances.cash.repair",
        {"cash": "expected"},
        "balances.cash.repair",
        "has no column cash. Name columns of that table",
    ),
    "a column that is not written": (
        "entries.moves.write",
        {"worth": "expected"},
        "entries.moves.write",
        "has no column worth",
    ),
    "what is written is no SQL": (
        "entries.moves.write",
        {"amount": "expectd"},
        "entries.moves.write.amount",
        '"expectd" does not exist',
    ),
    "two holds of one key": (
        "holds.holds.join",
        "cross join public.tags",
        "holds.holds.key",
        "of them are there several times",
    ),
}


@pytest.fixture(scope="module")
def till(shared: Database) -> Iterator[Connection]:
    with created(shared.plan.session.builder, "till", SCHEMA) as target:
        with closing(psycopg2.connect(**target.libpq)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("insert into holds values (1, 1, 'open', 0, null)")
            connection.commit()
            yield connection


def compiled(content: dict[str, Any], connection: Connection) -> dict[str, Any]:
    contract = parse_model(Contract, content, where="contract.yml", error=ContractError)
    catalog = Catalog.read(connection, contract.schemas)
    connection.rollback()
    return compile_ledgers(contract.knowing(Facts(catalog.tables)), connection)


def placed(key: str) -> str:
    return key if key == "ledgers" else f"ledgers.till.{key}"


def test_the_good_one_is_taken(till: Connection) -> None:
    compiled_ledgers = compiled(GOOD, till)
    assert compiled_ledgers["ledger_types"] == {
        "account": "integer",
        "entry": "bigint",
        "hold": "integer",
        "amount": "bigint",
    }
    assert [ledger["name"] for ledger in compiled_ledgers["ledgers"]] == ["'till'"]


@pytest.mark.parametrize(("key", "value", "says"), OF_ITSELF.values(), ids=OF_ITSELF)
def test_a_ledger_that_disagrees_with_itself(key: str, value: Any, says: str) -> None:
    good = changed(GOOD, "ledgers.till.reasons", {"takes": ["x"]})
    if "at all times" in says or "at_all_times" in says or "to be held" in says:
        good = changed(good, "ledgers.till.balances.cash.at_all_times", True)
        good = changed(good, "ledgers.till.reasons", GONE)
    with refused(ContractError, "contract.yml", says):
        parse_model(
            Contract,
            changed(good, placed(key), value),
            where="contract.yml",
            error=ContractError,
        )


@pytest.mark.parametrize(
    ("key", "value", "named", "says"), OF_THE_DATABASE.values(), ids=OF_THE_DATABASE
)
def test_a_ledger_that_the_database_cannot_have(
    till: Connection, key: str, value: Any, named: str, says: str
) -> None:
    with refused(PreflightError, "contract of till, key ledgers.till.", named, says):
        compiled(changed(GOOD, placed(key), value), till)


def test_ledgers_within_each_other() -> None:
    first = GOOD["ledgers"]["till"]
    second = {
        "accounts": {"table": "moves", "key": "id"},
        "balances": {"left": {"stored": "remains", "sum": ["tills"]}},
        "entries": {"tills": {"table": "tills", "key": "id", "account": "id", "amount": "balance"}},
    }
    content = changed(GOOD, "ledgers", {"till": first, "move": second})
    with refused(ContractError, "key 'ledgers': till within move within till is a circle"):
        parse_model(Contract, content, where="contract.yml", error=ContractError)


def test_two_balances_that_could_be_the_running_one() -> None:
    good = changed(GOOD, "ledgers.till.balances.gold", {"stored": "balance", "sum": ["moves"]})
    good = changed(good, "ledgers.till.holds.holds.balance", "cash")
    running = {"before": "found", "after": "remains"}
    content = changed(good, "ledgers.till.entries.moves.running_balance", running)
    with refused(ContractError, "without an amount of its own, and here that is cash, gold"):
        parse_model(Contract, content, where="contract.yml", error=ContractError)
