"""A contract that cannot be held against a database is refused, by file and key."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from refusals import GONE, changed, refused

from counterfoil.common.errors import ContractError
from counterfoil.contract.contract import Contract, load_contract

PROJECT = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
GOOD = PROJECT["vars"]["contract"]

UNREADABLE = {
    "empty": (b"", "it is empty"),
    "a list": (b"- a\n- b\n", "it is a list"),
    "a word": (b"contract\n", "it is a single value"),
    "binary": (bytes(range(256)), "not UTF-8 text, from byte 128 on"),
    "utf-16": ("database: empwr\n".encode("utf-16"), "not UTF-8 text"),
    "a control character": (b"database: e\nschema: \x1b[31m\n", "contract.yml:2: not valid YAML"),
    "a tab": (b"database: empwr\ntables:\n\tx: 1\n", "contract.yml:3: not valid YAML"),
    "two documents": (b"a: 1\n---\nb: 2\n", "contract.yml:2: not valid YAML"),
    "a text with a colon": (
        b"database: a = 'b: c'\n",
        "a brace or a bracket in it, goes",
    ),
    "an unclosed quote": (b"database: 'empwr\n", "not valid YAML"),
    "an undefined alias": (b"database: *x\n", "contract.yml:1: not valid YAML"),
    "an object of Python's": (b"database: !!python/object:os.system x\n", "not valid YAML"),
    "a key twice": (b"database: a\ndatabase: b\n", ":2: not valid YAML: key 'database' is written"),
    "a key that is a list": (b"? [a, b]\n: 1\n", "contract.yml:1: not valid YAML"),
    "no such day": (b"capacity:\n  epoch: 2025-13-45\n", "contract.yml:2: not valid YAML"),
    "no number": (b"database: !!int x\n", "contract.yml:1: not valid YAML"),
}

EPOCH = "ledgers.capacity.epoch"
RULE = {"name": "x", "table": "dancers", "holds": "true"}
FLOW = {"name": "x", "table": "reservations", "status": "status"}
TYPED = {"child": "dancers", "column": "studio_id", "type_column": "first_name"}


def probe(**said: Any) -> dict[str, Any]:
    return {"row_security": {"probes": [{"name": "x", "table": "dancers", **said}]}}


# key, value, what the error says
FAULTY: dict[str, tuple[str, Any, str]] = {
    "a typo'd key": ("tabels", {}, "unknown key 'tabels'"),
    "a typo'd key of a table": ("tables.studios.in_uze", True, "unknown key 'tables.studios.in_uz"),
    "a key missing": ("database", GONE, "key 'database' is missing"),
    "a key of a table missing": ("tables.studios.key", GONE, "key 'tables.studios.key' is missing"),
    "an unknown pack": (
        "packs",
        ["capcity"],
        "key 'packs': unknown pack 'capcity'. Use one",
    ),
    "packs as a text": ("packs", "ledger", "key 'packs' is not a list"),
    "no packs": ("packs", [], "key 'packs'"),
    "no tables": ("tables", {}, "key 'tables'"),
    "tables as a list": ("tables", ["studios"], "key 'tables' is not keys and values"),
    "a table without anything": ("tables.studios", None, "key 'tables.studios' is not keys"),
    "a table in a number": ("tables", {5: {"key": "id"}}, "Put its value in quotes"),
    "an empty name": ("schema", "", "key 'schema'"),
    "a relationship to nowhere": (
        "relationships.0.parent",
        "studio",
        "key 'relationships.0.parent': table 'studio' is not in tables",
    ),
    "a relationship from nowhere": ("relationships.1.child", "x", "key 'relationships.1.child'"),
    "a relationship twice": (
        "relationships.1",
        GOOD["relationships"][0],
        "'reservations.studio_id' is declared twice",
    ),
    "a reference of no column": ("relationships.0.column", GONE, "give either column or columns"),
    "a reference of both": ("relationships.0.columns", ["a", "b"], "give either column or columns"),
    "two columns for one": (
        "relationships.0",
        {"child": "dancers", "columns": ["studio_id", "id"], "parent": "studios"},
        "the key of studios has one column: give as many parent_columns as columns",
    ),
    "a path by the tenant": ("paths.0.column", "tenant_id", "tenant_id is the tenant"),
    "a path that nothing declares": ("paths.0.column", "x", "relationships have no"),
    "a path to the parent itself": (
        "paths.0",
        {"name": "x", "table": "reservations", "column": "studio_id", "through": "studio_id"},
        "studio_id and studio_id both reference studios",
    ),
    "a path that leads elsewhere": (
        "paths.0.parent_column",
        "studio_id",
        "no relationship leads from reservations.studio_id to competitions",
    ),
    "a rule twice": ("business_keys.1.name", GOOD["business_keys"][0]["name"], "declared twice"),
    "a rule for no table": ("required_values.0.table", "x", "key 'required_values.0.table'"),
    "two rules of one name": ("rules", [RULE, RULE], "key 'rules': 'x' is declared twice"),
    "a rule of nowhere": (
        "rules",
        [RULE | {"table": "x"}],
        "key 'rules.0.table': table 'x' is not",
    ),
    "a rule by the clock": (
        "rules",
        [RULE | {"holds": "created_at < now()"}],
        "key 'rules.0.holds': now is another one at every audit: write as_of",
    ),
    "a rule without its end": ("rules", [RULE | {"holds": "a = 'b"}], "rules.0.holds': not SQL: "),
    "a rule that tells a name": (
        "rules",
        [RULE | {"observed": ["id", "first_name"]}],
        "key 'rules.0.observed': first_name is personal (pii)",
    ),
    "a rule of no severity": ("rules", [RULE | {"severity": "high"}], "key 'rules.0.severity'"),
    "a workflow of nothing": ("workflow", [FLOW], "key 'workflow.0': requires nothing"),
    "a workflow whose steps nobody says": (
        "workflow",
        [
            FLOW
            | {
                "at": {"approved": "approved_at"},
                "history": {"table": "dancers", "of": "a", "status": "b", "at": "c"},
            }
        ],
        "key 'workflow.0': history is judged by follows",
    ),
    "a type of no table": (
        "polymorphic",
        [TYPED | {"parents": {"Studio": "studio"}}],
        "key 'polymorphic.0.parents.Studio': table 'studio' is not in tables",
    ),
    "a type without tables": ("polymorphic", [TYPED | {"parents": {}}], "polymorphic.0.parents"),
    "two columns as a number": (
        "relationships.0",
        {"child": "dancers", "columns": ["id", "name"], "as": "bigint", "parent": "studios"},
        "as is for a reference of one column",
    ),
    "a tenant of nowhere": ("tenant.table", "tenant", "key 'tenant.table'"),
    "no tenant for its pack": ("tenant", GONE, "key 'tenant' is missing"),
    "no ledgers for their pack": ("ledgers", GONE, "key 'ledgers' is missing"),
    "an overview of no tenant's": (
        "tenant.overview",
        ["tenants"],
        "rows of tenants name no tenant",
    ),
    "a table of somebody and nobody": (
        "tables.studios",
        {"key": "id", "global": True, "reaches_tenant": True},
        "it is global, or it reaches_tenant",
    ),
    "an overview of nothing": ("tenant.overview", ["x"], "key 'tenant.overview': table 'x' is not"),
    "a text for a yes": ("tables.studios.in_use", "false", "key 'tables.studios.in_use'"),
    "a number for a text": ("required_values.0.where", 5, "key 'required_values.0.where' is a nu"),
    "yes and no for texts": ("allowed_values.0.values", [True, False], "allowed_values.0.values.0"),
    "a text for a number": ("allowed_values.1.min", "none", "key 'allowed_values.1.min'"),
    "an infinite bound": ("allowed_values.1.min", float("inf"), "key 'allowed_values.1.min'"),
    "a range of nothing": ("allowed_values.1.max", -1, "allows nothing"),
    "a rule that allows all": ("allowed_values.1.min", GONE, "key 'allowed_values.1': allows ever"),
    "no values": ("allowed_values.0.values", [], "key 'allowed_values.0.values'"),
    "a naive epoch": (EPOCH, "2025-10-29T00:12:00", f"key '{EPOCH}': Input shoul"),
    "an epoch without a time": (EPOCH, "2025-10-29", f"key '{EPOCH}'"),
    "an epoch in seconds": (EPOCH, 1761696720, "give an ISO date and time"),
    "an epoch in quoted seconds": (EPOCH, "1761696720", "give an ISO date and time"),
    "a vague epoch": (EPOCH, "yesterday", f"key '{EPOCH}'"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "contract.yml"


@pytest.mark.parametrize(("content", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_holds_no_contract(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with refused(ContractError, str(file), says):
        load_contract(ROOT, file)


@pytest.mark.parametrize(("key", "value", "says"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_contract(file: Path, key: str, value: Any, says: str) -> None:
    file.write_text(yaml.safe_dump(changed(GOOD, key, value)))
    with refused(ContractError, str(file), says):
        load_contract(ROOT, file)


def test_nothing_in_use(file: Path) -> None:
    tables = {name: table | {"in_use": False} for name, table in GOOD["tables"].items()}
    file.write_text(yaml.safe_dump(GOOD | {"tables": tables}))
    with refused(ContractError, str(file), "none is in_use"):
        load_contract(ROOT, file)


def test_no_such_file(file: Path) -> None:
    with refused(ContractError, str(file), "no such file"):
        load_contract(ROOT, file)


def test_a_folder_in_place_of_the_file(file: Path) -> None:
    file.mkdir()
    with refused(ContractError, str(file), "cannot be read: Is a directory"):
        load_contract(ROOT, file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        ("", "no variable 'contract'"),
        ("- a list\n", "no variable 'contract'"),
        ("vars: {contrat: {}}\n", "no variable 'contract'"),
        ("vars: {contract: }\n", "vars.contract: it is empty"),
        ("vars: {contract: [a]}\n", "vars.contract: it is a list"),
        ("vars: {contract: {database: x}}\n", "vars.contract: key 'schema' is missing"),
    ],
)
def test_a_project_without_a_contract(tmp_path: Path, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / "dbt_project.yml").write_text(content)
    file = "contract.yml" if content is None else "dbt_project.yml"
    with refused(ContractError, str(tmp_path / file), says):
        load_contract(tmp_path)


def test_the_good_one_is_taken(file: Path) -> None:
    file.write_text(yaml.safe_dump(GOOD))
    assert isinstance(load_contract(ROOT, file), Contract)


def test_an_anchor_may_be_merged(file: Path) -> None:
    file.write_text("a: &a {b: 1}\nc: {<<: *a, b: 2}\n")
    with refused(ContractError, "key 'database' is missing"):
        load_contract(ROOT, file)


# What is added to EMPWR's contract, and what the error says.
FAULTY_STRUCTURES: dict[str, tuple[str, Any, str]] = {
    "two spellings of a table": (
        "structure",
        {"columns": [{"table": "public.studios", "column": "id"}]},
        "key 'structure.columns.0.table': write 'studios' for 'public.studios'",
    ),
    "a foreign key twice": (
        "structure",
        {
            "foreign_keys": [
                {"table": "a", "columns": ["x", "y"], "references": "b"},
                {"table": "a", "columns": ["y", "x"], "references": "c"},
            ]
        },
        "key 'foreign_keys': 'a (x, y)' is declared twice",
    ),
    "a table in two tiers": (
        "structure",
        {"tables": [{"tier": "critical", "names": ["a"]}, {"tier": "important", "names": ["a"]}]},
        "key 'tables': 'a' is declared twice",
    ),
    "an unknown tier": (
        "structure",
        {"tables": [{"tier": "vital", "names": ["a"]}]},
        "key 'structure.tables.0.tier'",
    ),
    "an unknown delete rule": (
        "structure",
        {"foreign_keys": [{"table": "a", "columns": ["b"], "references": "c", "on_delete": "no"}]},
        "key 'structure.foreign_keys.0.on_delete'",
    ),
    "a schema of nobody's": (
        "structure",
        {"references_allowed": {"billing": []}},
        "'billing' is not among the contract's schemas (public)",
    ),
    "a probe of nobody": ("structure", probe(), "give either role or roles"),
    "a probe of writing alone": (
        "structure",
        probe(role="a", commands=["insert"], own_rows="true"),
        "commands besides select need own_rows, and other_rows",
    ),
    "other rows to see": (
        "structure",
        probe(role="a", other_rows={"id": "1"}),
        "other_rows are for commands besides select",
    ),
    "a probe twice": (
        "structure",
        probe(roles=["a", "a"]),
        "probe 'x for a' is declared twice",
    ),
    "neither unique nor check": ("structure", {"constraints": [{"table": "a"}]}, "give unique"),
    "a check that excludes": (
        "structure",
        {"constraints": [{"table": "a", "check": "x", "exclude": "x"}]},
        "give unique, its columns, or check or exclude, its name",
    ),
    "a policy twice": (
        "structure",
        {"policies": [{"table": "a", "name": "x"}, {"table": "a", "name": "x"}]},
        "key 'policies': 'x of a' is declared twice",
    ),
    "a global table that does not say so": (
        "tenant.global_tables",
        ["stud*"],
        "key 'tables.studios': global_tables name it: say global: true",
    ),
    "a parent of two columns": (
        "tables.studios.key",
        ["id", "name"],
        "the key of studios has several columns: give parent_column",
    ),
    "tenants of two columns": (
        "tables.tenants.key",
        ["id", "name"],
        "key 'tenant.table': its key has several columns",
    ),
    "a limit below nothing": (
        "health",
        {"connections_used_percent": -1},
        "key 'health.connections_used_percent'",
    ),
}


@pytest.mark.parametrize(
    ("key", "value", "says"), FAULTY_STRUCTURES.values(), ids=FAULTY_STRUCTURES
)
def test_a_faulty_structure(file: Path, key: str, value: Any, says: str) -> None:
    file.write_text(yaml.safe_dump(changed(GOOD, key, value)))
    with refused(ContractError, str(file), says):
        load_contract(ROOT, file)
