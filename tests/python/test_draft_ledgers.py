"""Ledgers that a draft finds: those of the golden applications, as their contracts declare them.

To the lawful rows of tests/databases/ledgers/<name> come those of its many.sql, as few accounts
prove nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from applications import DATABASES, created, execute
from conftest import Database
from test_golden_ledgers import UPON

import counterfoil.draft.ledgers.search
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

FOUND = {
    "double_entry": {
        "accounts.balance = sum of amount of entries: holds for 69 of 69",
        "accounts.version = count of entries: holds for 69 of 69",
        "the balance kept by an entry is right for 602 of 602.",
        "entries of one transfer_id come to 0: 200 of 200.",
    },
    "escrow": {
        "customers.available = granted + sum of amount of movements where voided_at is null: holds"
        " for 45 of 45",
        # What a hold takes.
        "holds.amount = - sum of amount of movements where kind = 'hold': holds for 58 of 58",
    },
    "gift_cards": {
        'Gift Cards.Balance % = - sum of Amount of Transfers ("From Region Id") + sum of Amount of'
        ' Transfers ("To Region Id") - sum of amount of charges: holds for 45 of 45',
    },
    # Levels that are gone are no accounts, and there is no foreign key.
    "held_stock": {
        "inventory_level.reserved_quantity = sum of quantity of reservation_item where deleted_at"
        " is null: holds for 71 of 71",
    },
    # One of the variants is not tracked.
    "moved_stock": {
        "stock_level.stockOnHand = sum of quantity of stock_movement where type in ('ADJUSTMENT',"
        " 'CANCELLATION', 'SALE'): holds for 74 of 75",
        "stock_level.stockAllocated = signed sum of quantity of stock_movement where type in"
        " ('ALLOCATION', 'RELEASE', 'SALE'): holds for 70 of 71",
    },
    "seats": {
        "product_prices.quantity_sold = count of attendees where deleted_at is null and status in"
        " ('ACTIVE', 'AWAITING_PAYMENT'): holds for 46 of 46",
        # Over two tables, of which one joins the products to their assignments.
        "capacity_assignments.used_capacity = count of attendees where attendees.deleted_at is"
        " null and attendees.status in ('ACTIVE', 'AWAITING_PAYMENT'): holds for 44 of 44",
    },
    # A credit is a hundred cents, but for dinars; of what was paid in some is left.
    "wallets": {
        "wallets.balance_cents = signed sum of credit_amount times 100 of wallet_transactions where"
        " status = 1: holds for 46 of 47",
        "wallets.credits_balance = signed sum of credit_amount of wallet_transactions where"
        " status = 1: holds for 47 of 47",
        "wallet_transactions.remaining_amount_cents = credit_amount * 100 - sum of"
        " consumed_amount_cents of wallet_transaction_consumptions: holds for 44 of 45",
    },
}
STORED = {
    "double_entry": ("accounts", "id", ("balance", "version")),
    "escrow": ("customers", "id", ("available",)),
    "gift_cards": ('"Gift Cards"', '"Card Id"', ('"Balance %"',)),
    "held_stock": ("inventory_level", "id", ("reserved_quantity",)),
    "moved_stock": ("stock_level", "id", ('"stockOnHand"', '"stockAllocated"')),
    "seats": ("product_prices", "id", ("quantity_sold",)),
    "wallets": ("wallets", "id", ("balance_cents", "credits_balance")),
}


@pytest.fixture
def bare_server(overnight: Database) -> Target:
    return overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})


@pytest.mark.parametrize("name", FOUND)
def test_a_golden_ledger_is_found_as_its_contract_declares_it(
    bare_server: Target, name: str
) -> None:
    table, key, numbers = STORED[name]
    set_to = ", ".join(f"{one} = shuffled.{one}" for one in numbers)
    others = ", ".join(f"lead({one}, 7, 0) over (order by {key}) as {one}" for one in numbers)
    with books(bare_server, name) as target:
        text, _ = drafted(target)
        execute(
            target,
            f"""
            update {table} set {set_to}
            from (select {key} as of, {others} from {table}) as shuffled
            where shuffled.of = {table}.{key}
            """,
        )
        _, shuffled = drafted(target)
    assert guessed(text) == FOUND[name]
    stored = {one.stored for of in shuffled.ledgers.values() for one in of.balances.values()}
    assert stored.isdisjoint(numbers)


def test_the_broken_one_is_the_finding(bare_server: Target) -> None:
    with books(bare_server, "double_entry") as target:
        execute(target, "update accounts set balance = balance + 1 where id = 'c7'")
        text, contract = drafted(target)
    assert "accounts.balance = sum of amount of entries: holds for 68 of 69" in guessed(text)
    entries = contract.ledgers["accounts"].entries["entries"]
    assert entries.transaction == "transfer_id"
    assert entries.running_balance is not None
    assert entries.running_balance.order == ("account_version",)


def test_ledgers_are_found_where_rows_add_up(
    bare_server: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = (DATABASES / "drafts" / "books.sql").read_text(encoding="utf-8")
    with created(bare_server, "found", schema) as target:
        text, _ = drafted(target)
        execute(target, "update wallet_transactions set amount = id * 7919 % 97")
        _, shuffled = drafted(target)
        monkeypatch.setattr(counterfoil.draft.ledgers.search, "SECONDS", 0)
        late, _ = drafted(target)
    assert guessed(text) == {
        "wallets.balance = opened_with + signed sum of amount of wallet_transactions where way in"
        " ('in', 'out'): holds for 59 of 60",
        "posts.comments_count = count of comments: holds for 50 of 50",
    }
    assert shuffled.ledgers.keys() == {"posts"}
    assert "#   ledgers that were not found in 30 seconds" in late


def test_units_two_columns_products_and_references_by_type(bare_server: Target) -> None:
    schema = """
        create domain price as numeric;
        create table notes (id int primary key, about_type text not null, about_id int not null);
        create table carts (
            id int primary key, notes_count int not null default 0, cents bigint, due numeric,
            lines int not null, paid money, copy int
        );
        create table lines (
            id int primary key, cart_id int not null references carts, quantity int not null,
            price price not null, debit int not null, credit int not null
        );
        create table payments (
            id int primary key, cart_id int not null references carts, amount money, failed bool
        );
        create table copies (cart_id int primary key references carts, copy int);
        insert into carts select n, n % 9, 0, 0, 0, '0', n * n % 37
        from generate_series(1, 50) as n;
        insert into copies select id, copy from carts;
        insert into payments select n, 1 + n % 50, n::numeric::money, nullif(n % 7 / 3, 0)::bool
        from generate_series(1, 300) as n;
        insert into lines select n * 10 + m, n, m, n * 7 % 11 + 0.25, n * m, n % 5 + m
        from generate_series(1, 50) as n cross join lateral generate_series(1, 1 + n % 5) as m;
        insert into notes
        select n * 100 + m, case when m <= n % 9 then 'Cart' else 'Line' end,
            case when m <= n % 9 then n else n * 10 + 1 end
        from generate_series(1, 50) as n cross join lateral generate_series(1, 12) as m;
        update carts set lines = of, cents = total * 100, due = difference
        from (
            select cart_id, count(*) as of, sum(quantity * price) as total,
                sum(debit - credit) as difference
            from lines group by 1
        ) as sums where cart_id = carts.id;
        update carts set paid = (
            select sum(amount) from payments where cart_id = carts.id and failed is not true
        );
        """
    with created(bare_server, "carts", schema) as target:
        text, _ = drafted(target)
    assert guessed(text) == {
        "carts.lines = count of lines: holds for 50 of 50",
        "carts.notes_count = count of notes where about_type = 'Cart': holds for 45 of 45",
        "carts.cents = sum of quantity * price times 100 of lines: holds for 50 of 50",
        "carts.due = sum of debit of lines (cart_id) - sum of credit of lines (cart_id): holds for"
        " 50 of 50",
        # A copy of a column is no sum.
        "carts.paid = sum of amount of payments where failed is null: holds for 50 of 50",
    }
    assert "paid::numeric" in text


def test_two_tables_together_each_in_part(bare_server: Target) -> None:
    schema = """
        create table shows (id int primary key, taken int);
        create table bookings (
            id int primary key, show_id int references shows, seats int, state int
        );
        create table guests (id int primary key, show_id int references shows, seats int);
        create table waiting (id int primary key, show_id int references shows);
        insert into shows select n from generate_series(1, 60) as n;
        insert into bookings select n, 1 + n % 60, 1 + n * n % 13, n % 11 % 3
        from generate_series(1, 400) as n;
        insert into guests select n, 1 + n % 60, 1 + n * n % 5 from generate_series(1, 200) as n;
        insert into waiting select n, 1 + n % 60 from generate_series(1, 100) as n;
        update shows set taken = (
            select sum(seats) from (
                select show_id, seats from bookings where state = 1
                union all select show_id, seats from guests
            ) as held where show_id = shows.id
        );
        """
    with created(bare_server, "shows", schema) as target:
        text, _ = drafted(target)
    assert guessed(text) == {
        "shows.taken = sum of seats of bookings where state = 1 + sum of seats of guests: holds for"
        " 60 of 60"
    }


@contextmanager
def books(bare_server: Target, name: str) -> Iterator[Target]:
    """The lawful rows of an application, and many more."""
    folder = DATABASES / "ledgers" / name
    files = [folder / "schema.sql", folder / "many.sql"]
    if name in UPON:
        files.insert(0, UPON[name] / "schema.sql")
    schema = "".join(file.read_text(encoding="utf-8") for file in files)
    with created(bare_server, f"many_{name}", schema) as target:
        yield target


def drafted(target: Target) -> tuple[str, Contract]:
    text = draft(survey(Session.alone(target, Settings())))
    return text, Contract.model_validate(yaml.safe_load(text))


def guessed(text: str) -> set[str]:
    """What is said of ledgers and how far they hold."""
    lines = [line.strip() for line in text.partition("\nledgers:\n")[2].splitlines()]
    return {
        line.removeprefix("# Guessed: ").removesuffix(" rows with entries")
        for line in lines
        if line.startswith("# Guessed: ") and (" of " in line)
    }
