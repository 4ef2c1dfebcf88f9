"""Each recipe of docs/rules.md holds for its tables, and says of its fault what the page says.

All of them are one database and one contract: a build is for all.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from applications import built, created
from conftest import ROOT, Database
from failing_rows import audit_by_rows
from pages import agrees
from test_golden_ledgers import break_books, transaction_of
from test_ledger_recipes import Recipe, recipes

PAGE = ROOT / "docs" / "rules.md"
RECIPES = [*recipes(PAGE)]

# Of each other kind a rule that finds something as soon as there are no shares.
LOOKING_UP = """
tables:
  teams: {key: id, in_use: true, deleted: not exists (select from public.shares)}
relationships:
  - {child: players, column: team_id, parent: teams}
  - {child: readings, column: id, parent: tags, where: not exists (select from public.shares)}
business_keys:
  - name: order_by_share
    table: orders
    columns: [(select min(shares.id) from public.shares where shares.id = orders.id)]
required_values:
  - name: ends_without_shares
    table: projects
    column: ends_on
    where: not exists (select from public.shares)
allowed_values:
  - name: new_without_shares
    table: orders
    column: status
    values: [new]
    where: not exists (select from public.shares)
"""


@pytest.fixture(scope="module")
def database(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The tables of all recipes, and a contract of all."""
    server = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    folder = tmp_path_factory.mktemp("recipes")
    contract = folder / "contract.yml"
    contract.write_text(yaml.safe_dump(merged()), encoding="utf-8")
    with (
        created(server, "recipes", "".join(recipe.tables for recipe in RECIPES)) as target,
        built(target, contract, folder) as database,
    ):
        yield database


def merged() -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for contract in (*(recipe.contract for recipe in RECIPES), LOOKING_UP):
        for key, said in yaml.safe_load(contract).items():
            if isinstance(said, dict):
                whole.setdefault(key, {}).update(said)
            elif isinstance(said, list) and key != "packs":
                whole.setdefault(key, []).extend(said)
            else:
                whole[key] = said
    return whole


def test_their_tables_are_in_order(database: Database) -> None:
    audit = database.audit()
    assert audit.status == "passed", [check for check in audit.checks if not check.is_quiet]
    assert len(RECIPES) >= 10


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_recipe(recipe: Recipe, database: Database) -> None:
    with transaction_of(database) as transaction:
        with transaction.connection.cursor() as cursor:
            break_books(cursor, [recipe.fault])
        audit = audit_by_rows(database, transaction)
    found = [
        f"{check.check_id}: {finding.message}"
        for check in audit.checks
        for finding in check.findings
    ]
    assert agrees(recipe.said, "\n".join(found)), "\n".join(found)
    observed = [finding.observed for check in audit.checks for finding in check.findings]
    assert not any(one.get("observed_values", "").startswith(":") for one in observed)


def test_a_rule_over_an_emptied_table_is_unknown(database: Database) -> None:
    """What it looks up is gone: it neither holds for want of rows, nor breaks in each row."""
    looked_up = database.plan.scope.contract.facts.looked_up
    assert looked_up["rules", "shares_come_to_100"] == {"shares"}
    assert looked_up["rules", "one_booking_at_a_time"] == frozenset()
    with transaction_of(database) as transaction:
        with transaction.connection.cursor() as cursor:
            break_books(cursor, ["delete from shares"])
        audit = audit_by_rows(database, transaction)
    said = {check.name: check for check in audit.checks}
    unknown = {check.name for check in said.values() if check.status == "unknown"}
    assert unknown == {
        "integrity.deleted_parents_have_no_children",
        "integrity.no_duplicates",
        "integrity.references_resolve",
        "integrity.required_references_set",
        "integrity.required_values_filled",
        "integrity.rules_hold (shares_come_to_100)",
        "integrity.values_allowed",
    }
    because = "shares: in use, and without rows (judged once there are some)"
    assert {said[name].detail for name in unknown} == {because}
    assert {check.name for check in audit.failing("critical")} == {"integrity.source_not_empty"}
    assert not audit.failing("warning")
    for section, rule in (
        ("rules", "shares_come_to_100"),
        ("allowed_values", "new_without_shares"),
    ):
        (row,) = (row for row in audit.sections[section] if row["rule"] == rule)
        assert row["unjudged_because"] == because
