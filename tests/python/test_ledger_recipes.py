"""Each recipe of docs/ledger-recipes.md holds for its tables, and says of its fault what the page
says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from applications import built, created
from conftest import ROOT, Database
from failing_rows import audit_by_rows
from markdown_it import MarkdownIt
from pages import agrees
from test_golden_ledgers import break_books, transaction_of

PAGE = ROOT / "docs" / "ledger-recipes.md"


@dataclass(frozen=True)
class Recipe:
    """A section of the page.

    Attributes:
        name: its heading.
        tables: SQL that makes the tables, and fills them lawfully.
        contract: YAML, with the lines that all recipes begin with.
        fault: SQL.
        said: what the audit says of it.
    """

    name: str
    tables: str
    contract: str
    fault: str
    said: str

    def __str__(self) -> str:
        return self.name


def recipes(page: Path = PAGE) -> Iterator[Recipe]:
    """The sections of a page.

    Raises:
        ValueError: one has not just these four blocks.
    """
    common, *sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    *_, (_, beginning) = blocks(common)
    for section in sections:
        (sql, tables), (yaml, contract), (also_sql, fault), (plain, said) = blocks(section)
        if (sql, yaml, also_sql, plain) != ("sql", "yaml", "sql", ""):
            raise ValueError(f"{section}: not SQL, YAML, SQL and what is said")
        name = section.partition("\n")[0]
        yield Recipe(name, tables, beginning + contract, fault, said)


def blocks(markdown: str) -> list[tuple[str, str]]:
    return [
        (token.info, token.content)
        for token in MarkdownIt().parse(markdown)
        if token.type == "fence"
    ]


@pytest.mark.parametrize("recipe", recipes(), ids=str)
def test_recipe(recipe: Recipe, shared: Database, tmp_path: Path) -> None:
    server = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    contract = tmp_path / "contract.yml"
    contract.write_text(recipe.contract, encoding="utf-8")
    with (
        created(server, "recipe", recipe.tables) as target,
        built(target, contract, tmp_path) as database,
        transaction_of(database) as transaction,
    ):
        assert audit_by_rows(database, transaction).status == "passed"
        with transaction.connection.cursor() as cursor:
            break_books(cursor, [recipe.fault])
        audit = audit_by_rows(database, transaction)
    found = [
        f"{check.check_id}: {finding.message}"
        for check in audit.checks
        for finding in check.findings
    ]
    assert agrees(recipe.said, "\n".join(found)), "\n".join(found)
