"""The audit against an independent model of the application, over random histories.

A lawful history must bring nothing. A broken one must bring what the fault says by hand, and
what the oracle works out from the rows, finding for finding and token for token. Each history
is judged through the views and the suites' own conditions; every so often by the audit itself.
"""

import pytest
from conftest import Database
from hypothesis import given, note, settings
from hypothesis import strategies as st
from oracle.application import AS_OF, EPOCH
from oracle.auditor import DATABASE, TOLERANCE, Verdict, audit, spoken_parts
from oracle.bench import Bench
from oracle.faults import FAULTS, Expected, inject
from oracle.histories import Season, breakable_seasons, lawful_seasons

from counterfoil.postgres.instant import OpenTransaction

HISTORIES = settings().max_examples
# In `make test` the oracle for any ledger plays beside this one.
DRAWN = HISTORIES // (2 if HISTORIES > 100 else 5)

# About every tenth; a number that shrinking moves away from, for the audit takes a second.
is_audited = st.integers(0, 9).map(lambda number: number == 7)


@pytest.fixture
def strict(overnight: Database, transaction: OpenTransaction) -> Bench:
    """With every constraint of the schema in force."""
    return Bench(overnight, transaction, is_lax=False)


@pytest.fixture
def lax(overnight: Database, transaction: OpenTransaction) -> Bench:
    """With none that a fault has to break."""
    return Bench(overnight, transaction, is_lax=True)


def judge(bench: Bench, season: Season, *, is_audited: bool) -> Verdict:
    """What the database says of a history; a failing case prints the history."""
    note("\n" + "\n".join(season.app.journal))
    with bench.loaded(season.app.books):
        judgement = bench.judge()
        if is_audited:
            assert bench.audit() == judgement.verdict.findings
    for competition_id, explanation in judgement.verdict.explanations.items():
        for part in spoken_parts(explanation):
            assert part in judgement.words[competition_id]
    return judgement.verdict


def agree(found: Verdict, expected: Verdict | Expected) -> None:
    assert found.findings == expected.findings
    assert found.explanations == expected.explanations


@settings(max_examples=DRAWN)
@given(season=lawful_seasons(), is_audited=is_audited)
def test_a_lawful_history_brings_nothing(strict: Bench, season: Season, is_audited: bool) -> None:
    """Nor does the schema refuse any of it, so the model is lawful to that too."""
    assert audit(season.app.books) == Verdict()
    agree(judge(strict, season, is_audited=is_audited), Verdict())


@pytest.mark.parametrize("name", FAULTS)
@settings(max_examples=max(HISTORIES // 200, 2))
@given(season=breakable_seasons(), is_audited=is_audited)
def test_a_fault_brings_what_it_says(
    lax: Bench,
    name: str,
    season: Season,
    is_audited: bool,
) -> None:
    assert audit(season.app.books) == Verdict()
    expected = inject(season, name)
    found = judge(lax, season, is_audited=is_audited)
    agree(found, expected)
    agree(found, audit(season.app.books))


@pytest.mark.slow
@settings(max_examples=DRAWN)
@given(
    season=breakable_seasons(),
    names=st.lists(st.sampled_from(list(FAULTS)), min_size=2, max_size=3),
    is_audited=is_audited,
)
def test_several_faults_bring_what_the_oracle_says(
    lax: Bench,
    season: Season,
    names: list[str],
    is_audited: bool,
) -> None:
    """Faults of one competition interact; of different ones they only add up."""
    faults = [inject(season, name) for name in names]
    found = judge(lax, season, is_audited=is_audited)
    agree(found, audit(season.app.books))

    touched = [competition for fault in faults for competition in fault.competitions]
    if len(touched) == len(set(touched)):
        together = Expected()
        for fault in faults:
            together.findings |= fault.findings
            together.explanations |= fault.explanations
        # The vote on the sign is everybody's: several faults may tip it that one cannot.
        sign = ("capacity.sign_convention_holds", (DATABASE,))
        found.findings.discard(sign)
        together.findings.discard(sign)
        agree(found, together)


def test_the_oracle_reads_the_contract_as_it_is(
    overnight: Database, transaction: OpenTransaction
) -> None:
    capacity = overnight.plan.scope.contract.capacity
    assert capacity is not None
    assert capacity.epoch == EPOCH
    assert capacity.tolerance_tokens == TOLERANCE
    assert transaction.as_of == AS_OF
