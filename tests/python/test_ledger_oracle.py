"""The audit of any ledger against an independent model, over random contracts and histories.

A lawful history must bring nothing. A broken one must bring what the oracle works out from its
rows, finding for finding, and that must hold what the fault is about.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from typing import Any

import psycopg2
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from ledger_oracle.auditor import Verdict, audit
from ledger_oracle.bench import Bench
from ledger_oracle.declared import Accounts, Entries, Holds, Sql
from ledger_oracle.faults import FAULTS, inject
from ledger_oracle.histories import History, histories
from ledger_oracle.mutants import MUTANTS
from ledger_oracle.shapes import AS_OF, Application, Shape, build, quoted, shapes
from servers import server

HISTORIES = settings().max_examples


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A server of its own, for tables and views come and go by the thousand."""
    with server(tmp_path_factory.mktemp("ledgers") / "server") as own:
        with own.connect() as admin, admin.cursor() as cursor:
            cursor.execute("create database oracle template template0 encoding utf8 locale 'C'")
        with closing(psycopg2.connect(**own.target("oracle").libpq)) as connection:
            connection.autocommit = True
            yield Bench(connection)


def tell(history: History) -> None:
    """A failing case prints its application, its contract and what was done."""
    note(f"{history.app.shape}\n{history.app.contract()}\n" + "\n".join(history.journal))


@settings(max_examples=HISTORIES // 4)
@given(history=histories(shapes()))
def test_sql_and_python_say_the_same(bench: Bench, history: History) -> None:
    """Of every fragment of the contract, or the oracle would judge another one."""
    tell(history)
    with bench.loaded(history.app, history.books):
        for ledger in history.app.ledgers:
            blocks: list[Accounts | Entries | Holds] = [ledger.accounts]
            blocks += [*ledger.entries.values(), *ledger.holds.values()]
            for block in blocks:
                agree_on(bench, history, block, fragments_of(history.app, block))


def fragments_of(app: Application, block: Accounts | Entries | Holds) -> dict[str, Sql]:
    found = {name: fragment for name, fragment in vars(block).items() if isinstance(fragment, Sql)}
    for ledger in app.ledgers:
        for name, balance in ledger.balances.items():
            if block is ledger.accounts:
                fragments = (*vars(balance).items(),)
            else:
                terms = [term for term in balance.sum if ledger.entries[term.entries] is block]
                fragments = tuple(pair for term in terms for pair in vars(term).items())
            found |= {
                f"{name} {key}": fragment
                for key, fragment in fragments
                if isinstance(fragment, Sql)
            }
    return found


def agree_on(
    bench: Bench, history: History, block: Accounts | Entries | Holds, fragments: dict[str, Sql]
) -> None:
    (table,) = [one for one in history.app.tables.values() if one.name == block.table]
    columns = {spelled for spelled, _ in table.columns.values()}
    texts = [
        quoted(str(fragment.text)) if fragment.text in columns else str(fragment.text)
        for fragment in fragments.values()
    ]
    texts = [text.replace("as_of", f"timestamptz '{AS_OF.isoformat()}'") for text in texts]
    join = block.join.text if block.join else ""
    # Holds.rows leaves out by `where`; the others do not.
    where = f"where {block.where.text}" if isinstance(block, Holds) and block.where else ""
    said = bench.fetch(
        f"select {', '.join(texts) or 'null'} from public.{quoted(block.table)} {join} {where}"
    )
    rows = [tuple(one.of(row) for one in fragments.values()) for row in block.rows(history.books)]
    if fragments:
        assert sorted(map(comparable, said)) == sorted(map(comparable, rows))


def comparable(row: tuple[Any, ...]) -> list[str]:
    """Numbers of any type alike; and a condition that is null is not true."""
    return ["not true" if value is None or value is False else written(value) for value in row]


def written(value: Any) -> str:
    return f"{value:.2f}" if hasattr(value, "__round__") else str(value)


# The verdict


def agree(found: Verdict, expected: Verdict) -> None:
    assert found.findings == expected.findings
    assert found.explanations == expected.explanations
    for explanation in expected.explanations.values():
        if explanation.discrepancy is not None:
            assert explanation.discrepancy == sum(
                (explanation.certain, explanation.ambiguous, explanation.unexplained)
            )


@settings(max_examples=HISTORIES // 4)
@given(history=histories(shapes()))
def test_a_lawful_history_brings_nothing(bench: Bench, history: History) -> None:
    tell(history)
    assert audit(history.app, history.books) == Verdict()
    with bench.loaded(history.app, history.books):
        agree(bench.judge(history.app), Verdict())


@pytest.mark.parametrize("name", FAULTS)
@settings(max_examples=HISTORIES // 100)
@given(data=st.data())
def test_a_fault_brings_what_it_is_about(bench: Bench, name: str, data: st.DataObject) -> None:
    """And all that follows from its rows. One that brings nothing is a false alarm."""
    fault = FAULTS[name]
    history = data.draw(histories(shapes(fault.needs, fault.excludes)))
    inject(history, name)
    tell(history)
    expected = audit(history.app, history.books)
    if fault.brings is None:
        assert expected == Verdict()
    else:
        assert f"ledger.{fault.brings}" in {check_id for check_id, _ in expected.findings}
    with bench.loaded(history.app, history.books):
        agree(bench.judge(history.app), expected)


@pytest.mark.slow
@settings(max_examples=HISTORIES // 4)
@given(data=st.data())
def test_several_faults_bring_what_the_oracle_says(bench: Bench, data: st.DataObject) -> None:
    history = data.draw(histories(shapes()))
    names = [name for name, fault in FAULTS.items() if fault.applies_to(history.app.shape)]
    for name in data.draw(st.lists(st.sampled_from(names), min_size=2, max_size=3)):
        inject(history, name)
    tell(history)
    with bench.loaded(history.app, history.books):
        agree(bench.judge(history.app), audit(history.app, history.books))


# Whether anything is noticed


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_in_the_views_is_noticed(bench: Bench, name: str) -> None:
    mutant = MUTANTS[name]
    noticed = False

    @settings(max_examples=40)
    @given(history=mutant.histories())
    def play(history: History) -> None:
        nonlocal noticed
        if not noticed:
            with bench.loaded(history.app, history.books):
                found = bench.judge(history.app, mutant.edit())
            noticed = found != audit(history.app, history.books)

    play()
    assert noticed


# What is drawn


# The keys of a ledger.
KEYS = {
    *("words", "epoch", "freezes", "reasons.takes", "reasons.gives", "reasons.adjusts"),
    *(f"accounts.{key}" for key in ("table", "key", "join", "where", "label", "currency")),
    "accounts.created_at",
    *(f"balances.*.{key}" for key in ("stored", "opening", "min", "max", "at_all_times")),
    *("balances.*.tolerance", "balances.*.sum", "balances.*.sum.entries"),
    *("balances.*.sum.amount", "balances.*.sum.where"),
    *(f"entries.*.{key}" for key in ("table", "key", "account", "amount", "join", "where")),
    *(f"entries.*.{key}" for key in ("at", "reason", "hold", "currency", "transaction")),
    *(f"entries.*.running_balance.{key}" for key in ("before", "after", "order")),
    "entries.*.reverses",
    *(f"holds.*.{key}" for key in ("table", "key", "balance", "account", "amount", "join")),
    *(f"holds.*.{key}" for key in ("where", "label", "status", "at", "created_at", "owes")),
}


def test_each_pair_of_keys_is_drawn() -> None:
    """Of the histories that `test_a_lawful_history_brings_nothing` plays, or as many."""
    drawn: set[tuple[str, str]] = set()
    seen: set[str] = set()

    @settings(max_examples=HISTORIES)
    @given(shape=shapes())
    def draw(shape: Shape) -> None:
        for ledger in build(shape).contract()["ledgers"].values():
            keys = sorted(set(keys_of(ledger)))
            seen.update(keys)
            drawn.update(combinations(keys, 2))

    draw()
    missing = [pair for pair in combinations(sorted(seen), 2) if pair not in drawn]
    assert missing == []
    assert seen == KEYS


def keys_of(clause: Any, path: str = "") -> Iterator[str]:
    """The keys of a ledger, without the names that the contract chose."""
    for key, value in clause.items():
        named = path.split(".")[0] in ("balances", "entries", "holds") and "." not in path
        at = f"{path}.*" if named else f"{path}.{key}" if path else key
        if isinstance(value, dict) and key not in ("words", "owes", "hold"):
            yield from keys_of(value, at)
        elif isinstance(value, list) and key == "sum":
            yield at
            for term in value:
                if isinstance(term, dict):
                    yield from (f"{at}.{name}" for name in term)
        else:
            yield at
