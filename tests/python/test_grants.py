"""The script of the roles, whatever they and the tables are called."""

import pytest
from conftest import ROOT
from postgast import parse

from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.contract.grants import render_grants, render_leaving
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

HOSTILE = "x\"; drop table y; --\n$roles$ 'é" + "n" * 30


def target(user: str, **changed: str) -> Target:
    given = {"name": "t", "type": "postgres", "host": "h", "dbname": "d"} | changed
    return Target.model_validate(given | {"user": user})


def session(builder: str, auditor: str, historian: str, **changed: str) -> Session:
    users = (target(user, **changed) for user in (builder, auditor, historian))
    return Session(*users, Settings())


def script(
    contract: Contract, builder: str, auditor: str, historian: str, reader: str, **changed: str
) -> str:
    return render_grants(contract, session(builder, auditor, historian, **changed), reader=reader)


def kinds(script: str) -> list[str]:
    """What its statements are, as Postgres reads them."""
    return [str(statement.stmt.WhichOneof("node")) for statement in parse(script).stmts]


def test_no_name_leads_out_of_its_statement() -> None:
    # Whose ledgers name tables of their own.
    plain = load_contract(ROOT, None).model_copy(update={"ledgers": {}})
    tables = {f"{HOSTILE}{place}": table for place, table in enumerate(plain.tables.values())}
    hostile = Contract.model_construct(**{**dict(plain), "schema_": HOSTILE, "tables": tables})
    said = script(
        hostile,
        *(f"{role}{HOSTILE}" for role in ("b", "a", "h", "r")),
        name=HOSTILE,
        dbname=HOSTILE,
    )
    assert kinds(said) == kinds(script(plain, "b", "a", "h", "r"))


def test_no_name_leads_out_of_the_way_back_either() -> None:
    hostile = session(*(f"{role}{HOSTILE}" for role in "bah"), name=HOSTILE, dbname=HOSTILE)
    said = render_leaving(hostile, reader=f"r{HOSTILE}")
    assert kinds(said) == kinds(render_leaving(session("b", "a", "h"), reader="r"))


def test_every_schema_of_the_contract_is_granted() -> None:
    market = load_contract(ROOT, ROOT / "tests" / "databases" / "market" / "contract.yml")
    said = script(market, "b", "a", "h", "r")
    assert "grant usage on schema public to b;\ngrant usage on schema billing to b;" in said
    assert "grant select on billing.invoices to b;" in said


def test_names_that_are_words_of_sql_are_quoted() -> None:
    said = script(load_contract(ROOT, None), "user", "select", "table", "order", dbname="all")
    for name in ("user", "select", "table", "order", "all"):
        assert f'"{name}"' in said
    assert len(kinds(said)) == len(kinds(script(load_contract(ROOT, None), "b", "a", "h", "r")))


@pytest.mark.parametrize("historian", ["b", "h"])
def test_a_role_that_is_two_has_the_rights_of_both(historian: str) -> None:
    """An output that profiles.yml lacks falls back to the builder's."""
    said = script(load_contract(ROOT, None), "b", "b", historian, "r")
    assert said.count("create role b login") == 1
    assert "alter role b in database" not in said, "it has to write its views"
    assert f"create schema if not exists counterfoil_history authorization {historian};" in said
    assert "to b;\nalter default privileges for role b " not in said
    kinds(said)
