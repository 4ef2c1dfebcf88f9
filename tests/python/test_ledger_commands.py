"""What `counterfoil ledger` says of a ledger while it is written, and of one account."""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
import pytest
import yaml
from applications import created
from commands import counterfoil
from conftest import ROOT, Database
from copies import write_profiles
from pages import agrees
from refusals import assert_one_line, changed, refused
from rich.cells import cell_len
from test_golden_ledgers import BOOKS, CASES, break_books, contract_of, opened, schema_of
from test_ledger_recipes import blocks, recipes

from counterfoil.common.errors import CounterfoilError, LedgerError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.ledger.account import read_account
from counterfoil.pipeline.plan import make_plan
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.profiles import Target

LAMP = "moved_stock.an_adjustment_that_was_not_counted"
BROKEN_ESCROW = (
    "update customers set name = E'[red]Ada[/red]\\n\\x1b[31m:boom:\\u202e' where id = 1",
    "insert into holds values (140, 1, 500, null, 'held', '2026-03-20 09:00+00')",
    "update customers set available = available - 500 where id = 1",
    "update movements set moved_at = '2026-03-06' where hold_id = 104 and kind = 'hold'",
    "insert into movements (id, customer_id, kind, amount, moved_at) select"
    " 1000 + n, 3, 'deposit', 1, '2026-03-20'::timestamptz + interval '1 hour' * n"
    " from generate_series(1, 30) as n",
)


@dataclass(frozen=True)
class Declared:
    """A database, through a role, and the contract that declares its ledgers."""

    target: Target
    contract: Path

    def says(self, *arguments: str, **variables: str) -> CompletedProcess[str]:
        """`counterfoil ledger` with these arguments, at a terminal of 80 columns.

        It overruns none of them, but for the statements that are for psql, and colours nothing.
        """
        command, *others = arguments
        options = ("--target", self.target.name, "--contract", self.contract, "--")
        with TemporaryDirectory() as folder:
            write_profiles(Path(folder), self.target)
            variables |= {"COLUMNS": "80", "DBT_PROFILES_DIR": folder}
            said = counterfoil("ledger", command, *options, *others, **variables)
        for line in said.stdout.splitlines():
            assert line.isprintable(), repr(line)
            assert cell_len(line) <= 80 or line.startswith("select * from counterfoil."), line
        if said.returncode:
            assert_one_line(said.stderr.rstrip("\n"))
        else:
            assert not said.stderr
        return said

    def declaring(self, content: Any, folder: Path) -> "Declared":
        """The same, by another contract."""
        contract = folder / "contract.yml"
        contract.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return replace(self, contract=contract)


@pytest.fixture(scope="module")
def server(shared: Database) -> Target:
    return shared.plan.session.builder.model_copy(update={"dbname": "postgres"})


def shown_on_the_page(command: str) -> str:
    """What docs/ledgers.md shows of a command."""
    page = (ROOT / "docs" / "ledgers.md").read_text(encoding="utf-8")
    (shown,) = (
        content.partition("\n")[2]
        for _, content in blocks(page)
        if content.startswith(f"$ counterfoil ledger {command} ")
    )
    return shown


@pytest.mark.parametrize("books", BOOKS)
def test_every_golden_ledger_is_checked(books: str, server: Target) -> None:
    contract = contract_of(books)
    ledgers = load_contract(ROOT, contract).ledgers
    with created(server, "checked", schema_of(books)) as target:
        declared = Declared(target, contract)
        listed = declared.says("check").stdout.splitlines()
        assert [line.partition(": ")[0] for line in listed] == [*ledgers]
        for name, one in ledgers.items():
            said = declared.says("check", name)
            assert said.returncode == 0, said.stderr
            titles = [line for line in said.stdout.splitlines() if line and line[0] != " "]
            assert titles == [
                "accounts",
                *(f"balance {each}" for each in one.balances),
                *(f"entries {each}" for each in one.entries),
                *(f"holds {each}" for each in one.holds),
            ]
            assert "no rows" not in said.stdout


# A ledger as its author may have it: what each row does, is to be seen.
TILLS = """
    create table tills (id int primary key, name text, balance numeric(10, 2));
    create table moves (
        id int primary key, till int, amount numeric(10, 2), tag text, at timestamptz
    );
    create table "order lines" (id int primary key, state text, quantity int);
    insert into tills values (1, E'[red]\\x1b[31mone[/red]', 12.50), (2, null, null);
    insert into moves values
    (1, 1, 12.50, 'x', '2026-01-01'), (2, 1, 3, 'void', null), (3, null, 1, 'x', '2026-01-02');
    insert into "order lines" values (7, 'open', 2), (8, 'done', 2), (9, 'other', 2);
    create function noted(int) returns int language sql begin atomic
        insert into moves values ($1 + 100);
        select $1;
    end;
    create role reader login;
    grant select on all tables in schema public to reader;
"""
CONTRACT = {
    "database": "tills",
    "schema": "public",
    "packs": ["ledger"],
    "ledgers": {
        "till": {
            "accounts": {"table": "tills", "key": "id", "label": "name"},
            "balances": {
                "entry": {"stored": "balance", "sum": ["moves"], "min": "-1 -- [bold]none[/bold]"},
                "held": {"stored": "balance", "opening": "recorded", "sum": ["moves"]},
            },
            "entries": {
                "moves": {
                    "table": "moves",
                    "key": "id",
                    "account": "till",
                    "amount": "-amount",
                    "where": "tag <> 'void' and at < as_of",
                    "hold": "id",
                }
            },
            "holds": {
                "lines": {
                    "table": "order lines",
                    "key": "id",
                    "balance": "held",
                    "status": "state",
                    "amount": "quantity",
                    "owes": {"open": "-quantity", "done": 0},
                }
            },
        },
        "spare": {
            "accounts": {"table": "tills", "key": "id", "where": "false"},
            "balances": {"balance": {"stored": "balance", "sum": []}},
        },
    },
}


@pytest.fixture(scope="module")
def tills(server: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Declared]:
    """Through a role that may read its tables, and nothing else."""
    folder = tmp_path_factory.mktemp("tills")
    with created(server, "tills", TILLS) as target:
        reader = target.model_copy(update={"user": "reader"})
        yield Declared(reader, folder).declaring(CONTRACT, folder)


@pytest.fixture(scope="module")
def owned(tills: Declared, server: Target) -> Declared:
    """The same, through a role that may do anything."""
    return replace(tills, target=tills.target.model_copy(update={"user": server.user}))


def test_what_a_check_says(tills: Declared) -> None:
    said = re.sub(" +\n", "\n", tills.says("check", "till").stdout)
    accounts, balance, recorded, entries, holds = re.split(r"\n\n(?=\w)", said.rstrip())
    assert "1        [red] [31mone[/red]" in accounts
    assert re.search(r"where +true\n  label +\"tills\".\"name\"::text\n", accounts)
    assert re.search(r"  min +\(-1 -- \[bold\]none\[/bold\]\n +\)", balance)
    assert rows_of(balance, 3)[0] == ["account", "stored", "opening", "min"]
    assert rows_of(balance, 2) == [["1", "12.5", "0", "-1"], ["2", "–", "0", "-1"]]
    assert "opening  recorded" in recorded
    assert rows_of(recorded, 2) == [["1", "12.5"], ["2", "–"]]
    assert "(tag <> 'void' and at < as_of)" in entries
    assert "  hold of lines " in entries
    assert rows_of(entries, 3) == [
        ["1", "1", "yes", "-12.5", "-12.5"],
        ["2", "1", "no", "–", "–"],
        ["3", "–", "yes", "-1", "-1"],
    ]
    assert re.search(r"owes if open +\(-quantity\)\n  owes if done +0\n", holds)
    assert rows_of(holds, 3) == [
        ["7", "open", "2", "-2"],
        ["8", "done", "2", "0"],
        ["9", "other", "2", "–"],
    ]


def rows_of(part: str, count: int) -> list[list[str]]:
    """The last lines of a part, in words."""
    return [line.split() for line in part.rstrip().splitlines()[-count:]]


def test_a_ledger_without_rows(tills: Declared) -> None:
    said = tills.says("check", "spare")
    assert said.returncode == 0
    assert said.stdout.count("no rows") == 2
    assert re.search(r"sum +no entries", said.stdout)


def test_all_ledgers_are_listed(tills: Declared) -> None:
    assert tills.says("check").stdout == "till: tills, moves, order lines\nspare: tills\n"


def test_a_ledger_that_is_not_there(tills: Declared) -> None:
    said = tills.says("check", "tills")
    assert said.returncode == 3
    assert said.stderr == (
        "error: contract of tills: no ledger 'tills'. Name one that is there: till, spare.\n"
    )


def test_a_contract_without_ledgers(tills: Declared, tmp_path: Path) -> None:
    content = {"database": "tills", "schema": "public", "packs": ["schema"]}
    without = tills.declaring(content, tmp_path)
    for arguments in (["check"], ["check", "till"]):
        said = without.says(*arguments)
        assert said.returncode == 3
        assert "no ledgers. Declare one under ledgers" in said.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ledgers.till.balances.entry.stored", "balanc"),
        ("ledgers.till.balances.entry.min", "1 +"),
        ("ledgers.till.entries.moves.account", "tag"),
        ("ledgers.till.entries.moves.where", "at < now()"),
        ("ledgers.till.entries.moves.tabel", "moves"),
        ("ledgers.till.accounts.table", "till"),
    ],
)
def test_a_broken_contract_is_refused_as_an_audit_refuses_it(
    key: str, value: str, owned: Declared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = owned.declaring(changed(CONTRACT, key, value), tmp_path)
    write_profiles(tmp_path, broken.target)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    with pytest.raises(CounterfoilError) as by_the_audit:
        make_plan(broken.target.name, broken.contract, Settings())
    for arguments in (["check"], ["check", "till"]):
        said = broken.says(*arguments)
        assert (said.returncode, said.stdout) == (3, "")
        assert said.stderr == f"error: {by_the_audit.value}\n"


def test_a_ledger_is_checked_while_another_is_broken(tills: Declared, tmp_path: Path) -> None:
    broken = changed(CONTRACT, "ledgers.till.balances.entry.stored", "balanc")
    declared = tills.declaring(broken, tmp_path)
    assert declared.says("check").returncode == 3
    assert declared.says("check", "spare").returncode == 0


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1 / (id - 1)", "key ledgers.till.entries.moves: its rows cannot be read: division"),
        ("public.noted(id)", "cannot execute INSERT in a read-only transaction"),
        (
            "case when pg_sleep(9) is null then 1 end",
            "canceling statement due to statement timeout",
        ),
    ],
)
def test_rows_that_cannot_be_computed(
    value: str, says: str, owned: Declared, tmp_path: Path
) -> None:
    content = changed(CONTRACT, "ledgers.till.entries.moves.amount", value)
    said = owned.declaring(content, tmp_path).says(
        "check", "till", COUNTERFOIL_STATEMENT_TIMEOUT_S="1"
    )
    assert said.returncode == 3
    assert says in said.stderr
    # What could be read is there.
    assert "balance held" in said.stdout


def test_a_check_writes_nothing(tills: Declared, owned: Declared) -> None:
    for declared in (tills, owned):
        assert declared.says("check", "till").returncode == 0
    with closing(psycopg2.connect(**owned.target.libpq)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("select to_regnamespace('counterfoil'), count(*) from moves")
            assert cursor.fetchall() == [(None, 3)]


def test_the_page_shows_what_a_check_says(server: Target, tmp_path: Path) -> None:
    recipe = next(recipes())
    contract = tmp_path / "contract.yml"
    contract.write_text(recipe.contract, encoding="utf-8")
    with created(server, "posts", recipe.tables) as target:
        said = Declared(target, contract).says("check", "comments")
    assert agrees(shown_on_the_page("check"), said.stdout), said.stdout


@contextmanager
def broken_books(
    server: Target, books: str, folder: Path, statements: Iterable[str]
) -> Iterator[Database]:
    """The golden books of that name, their views built, broken for good."""
    with opened(server, books, folder) as database:
        builder = database.plan.session.builder
        with closing(psycopg2.connect(**builder.libpq)) as connection:
            with connection.cursor() as cursor:
                break_books(cursor, statements)
            connection.commit()
        yield database


@pytest.fixture(scope="module")
def stock(server: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Stock levels, whose key has two columns, one of which is off as in a golden case."""
    (lamp,) = (case for case in CASES if str(case) == LAMP)
    folder = tmp_path_factory.mktemp("stock")
    with broken_books(server, "moved_stock", folder, lamp.fault.break_) as database:
        yield database


@pytest.fixture(scope="module")
def escrow(server: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Money set aside: one account is off and has a hostile name, one has many entries."""
    folder = tmp_path_factory.mktemp("escrow")
    with broken_books(server, "escrow", folder, BROKEN_ESCROW) as database:
        yield database


def shown(database: Database, books: str, *arguments: str) -> CompletedProcess[str]:
    """What is said of an account of the books."""
    declared = Declared(database.plan.session.builder, contract_of(books))
    return declared.says("show", *arguments)


@pytest.mark.parametrize("key", ["[7, 1]", "[7,1]"])
def test_the_page_shows_an_account_of_several_columns(key: str, stock: Database) -> None:
    said = shown(stock, "moved_stock", "stock", key)
    assert said.returncode == 0, said.stderr
    assert agrees(shown_on_the_page("show"), said.stdout), said.stdout


def test_what_is_known_of_an_account(escrow: Database) -> None:
    said = shown(escrow, "escrow", "escrow", "1")
    assert said.returncode == 0, said.stderr
    first, numbers, causes, holds, entries, _ = said.stdout.split("\n\n")
    name, where = first.splitlines()
    assert name.rstrip() == "customer 1: [red]Ada[/red] [31m:boom:"
    assert where.startswith("ledger escrow, in cents, as of ")
    assert ["stored", "5400"] in rows_of(numbers, 20)
    assert ["discrepancy", "-500"] in rows_of(numbers, 20)
    assert ["certain", "-500"] in rows_of(numbers, 20)
    assert "available: hold 140 has no entry (500 cents, held, 2026-03-20 09:00:00" in numbers
    assert causes.startswith("Causes, balance available\n")
    assert re.search(r"\n2 +explains +-500  hold 140 has no entry", causes)
    assert rows_of(holds, 1) == [["140", "held", "500", "-500", "0", "missing"]]
    assert rows_of(entries, 1) == [
        ["2026-03-04", "09:00:00+00", "9", "200", "5900", "give", "back", "103"]
    ]


def test_a_hold_that_was_given_back_early(escrow: Database) -> None:
    said = shown(escrow, "escrow", "escrow", "2").stdout
    assert re.search(r"\n104 .* given back before", said), said


def test_the_last_entries_of_many(escrow: Database) -> None:
    said = shown(escrow, "escrow", "escrow", "3").stdout
    assert "Last entries, balance available, entries movements, 20 of " in said
    entries = re.findall(r"^2026-\S+ \S+  (\d+) ", said, re.MULTILINE)
    assert entries == [str(1000 + number) for number in range(11, 31)]


@pytest.mark.parametrize(
    ("fixture", "arguments", "views"),
    [
        (
            "escrow",
            ["escrow", "escrow", "1"],
            ["balances", "explanations", "holds", "entries", "timeline"],
        ),
        # Its holds name no account.
        (
            "stock",
            ["moved_stock", "stock", "[7, 1]"],
            ["balances", "explanations", "entries", "timeline"],
        ),
    ],
)
def test_the_statements_are_ready_for_psql(
    fixture: str, arguments: list[str], views: list[str], request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(fixture)
    said = shown(database, *arguments).stdout
    statements = [line for line in said.splitlines() if line.startswith("select ")]
    assert [statement.split()[3] for statement in statements] == [
        f"counterfoil.ledger_{view}" for view in views
    ]
    with closing(psycopg2.connect(**database.plan.session.builder.libpq)) as connection:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                assert cursor.fetchall(), statement


def test_accounts_that_are_not_there(escrow: Database, stock: Database) -> None:
    said = shown(escrow, "escrow", "escrow", "99")
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr == (
        "error: ledger escrow: no account '99' is audited. Take its key from: select account,"
        " account_label from counterfoil.ledger_balances where ledger = 'escrow'.\n"
    )
    for database, ledger, keys in (
        (escrow, "escrow", ["", "null", "one", "1e0", "9" * 30, "it's", "[1]", "\udcff"]),
        (stock, "stock", ["", "null", "7", "[7, 1", "[7, 2]", "[null, null]", "\udcff"]),
    ):
        with open_snapshot(database.plan.session) as snapshot:
            for key in keys:
                with refused(LedgerError, f"ledger {ledger}", "no account", "ledger_balances"):
                    read_account(snapshot, database.plan.scope.contract, ledger, key)


def test_an_account_of_a_ledger_that_is_not_there(escrow: Database) -> None:
    said = shown(escrow, "escrow", "stock", "1")
    assert said.returncode == 3
    assert "no ledger 'stock'. Name one that is there: escrow." in said.stderr


def test_an_account_whose_views_are_not_built(owned: Declared) -> None:
    said = owned.says("show", "till", "1")
    assert said.returncode == 3
    assert "Let it build them: counterfoil run --target tills." in said.stderr
