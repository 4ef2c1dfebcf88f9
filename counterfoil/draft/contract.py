"""Writing the draft: YAML with a word beside each guess, read back before it is given out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from counterfoil.common.errors import ContractError
from counterfoil.common.yamlfile import parse_model
from counterfoil.contract.catalog import ROW_PLACE, CatalogForeignKey
from counterfoil.contract.clauses import is_glob, locate
from counterfoil.contract.contract import Contract, MigrationTree
from counterfoil.draft.survey import Survey, guessed_references
from counterfoil.draft.tenant import TenantGuess, guess_tenant

_LEDGERS = ("ledger", "audit", "journal", "history")
_TIMESTAMPS = ("created_at", "updated_at", "createdAt", "updatedAt")
_NO_TREES: Mapping[str, MigrationTree] = {}


def draft(survey: Survey, trees: Mapping[str, MigrationTree] = _NO_TREES) -> str:
    """A contract that the surveyed database keeps, as the text of a YAML file.

    What is guessed is said to be, and so is what was left out because it does not hold.

    Args:
        survey: what the database looked like.
        trees: the folders of its migrations, by name.

    Raises:
        ContractError: the draft is no contract: a fault of ours, with the key it lies in.
    """
    text = "\n".join(_lines(survey, trees)) + "\n"
    parse_model(Contract, yaml.safe_load(text), where="the draft", error=ContractError)
    return text


def _lines(survey: Survey, trees: Mapping[str, MigrationTree]) -> Iterator[str]:
    catalog = survey.catalog
    guesses = [guess for guess in guessed_references(catalog) if not _orphans(survey, guess)]
    tenant = guess_tenant(catalog, [*catalog.foreign_keys, *guesses])
    if tenant is not None and tenant.table not in survey.in_use:
        tenant = None
    covered = _covered(survey, tenant)
    yield f"# A draft, from what {_flow(survey.database)} looked like: read every line. What is"
    yield "# guessed says so. docs/contract.md explains each key."
    yield f"database: {_flow(survey.database)}"
    yield f"schema: {_flow(survey.schemas[0])}"
    if survey.schemas[1:]:
        yield f"further_schemas: {_flow(list(survey.schemas[1:]))}"
    packs = ["schema", "health"]
    if survey.in_use:
        packs = ["tenancy", "integrity", *packs] if tenant else ["integrity", *packs]
    else:
        yield "# No table has a row: nothing is asked of rows until one has."
    if trees:
        packs.append("migrations")
    yield f"packs: {_flow(packs)}"
    if tenant:
        yield from _tenant_lines(tenant)
    if survey.in_use:
        yield ""
        yield "tables:"
        yield from _table_lines(survey, tenant, covered)
        yield from _relationship_lines(survey, guesses, tenant, covered)
    yield ""
    yield from _structure_lines(survey, tenant)
    if trees:
        yield ""
        yield from _migration_lines(survey, trees)


def _orphans(survey: Survey, guess: CatalogForeignKey) -> int:
    return survey.orphans.get((guess.child, guess.columns[0]), 0)


def _covered(survey: Survey, tenant: TenantGuess | None) -> list[str]:
    """The tables whose rows are audited: not those that reach their tenant over another."""
    return sorted(name for name in survey.catalog.tables if not tenant or name not in tenant.paths)


def _tenant_lines(tenant: TenantGuess) -> Iterator[str]:
    yield ""
    yield f"# Guessed: {tenant.count} of {tenant.total} other tables reference it by that name."
    yield "tenant:"
    yield f"  table: {_flow(tenant.table)}"
    yield f"  column: {_flow(tenant.column)}"
    if tenant.columns:
        yield f"  columns: {_flow(dict(tenant.columns))}"
    if tenant.unowned:
        yield "  # Guessed: they neither have the column nor lead to a table that has."
        yield "  global_tables:"
        yield from (f"    - {_flow(name)}" for name in tenant.unowned)


def _table_lines(
    survey: Survey, tenant: TenantGuess | None, covered: Iterable[str]
) -> Iterator[str]:
    for name in covered:
        table: dict[str, Any] = {"key": survey.catalog.tables[name].key}
        if name in survey.in_use:
            table["in_use"] = True
        if tenant and name in tenant.unowned:
            table["global"] = True
        if survey.catalog.tables[name].has_heirs:
            # Those that inherit from it are tables of the draft's too; where they have all
            # of its rows (as in TimescaleDB), they are what it is made of.
            table["only"] = name in survey.alone
        if table["key"] == ROW_PLACE:
            yield "  # It has no primary key: its rows are named by where they lie."
        elif isinstance(table["key"], tuple):
            table["key"] = list(table["key"])
        yield f"  {_flow(name)}: {_flow(table)}"
    if tenant and tenant.paths:
        yield f"  # Not here, as another table has their tenant: {_listed(tenant.paths)}"


def _relationship_lines(
    survey: Survey,
    guesses: Iterable[CatalogForeignKey],
    tenant: TenantGuess | None,
    covered: Iterable[str],
) -> Iterator[str]:
    tables = set(covered)
    declared: dict[tuple[str, ...], str] = {}
    for said, references in (("", survey.catalog.foreign_keys), ("guessed", guesses)):
        for reference in references:
            # What carries the tenant is discovered at each audit, and so is the tenant's own.
            is_tenants = tenant and (
                reference.parent == tenant.table or tenant.is_carried_by(reference)
            )
            if is_tenants or not {reference.child, reference.parent} <= tables:
                continue
            key = survey.catalog.tables[reference.parent].primary_key
            entry = {"child": reference.child} | _columns("column", reference.columns)
            entry["parent"] = reference.parent
            if reference.parent_columns != key:
                entry |= _columns("parent_column", reference.parent_columns)
            comment = "  # guessed: no constraint says so" if said else ""
            of = (reference.child, *reference.columns)
            declared.setdefault(of, f"  - {_flow(entry)}{comment}")
    if declared:
        yield ""
        yield "relationships:"
        yield from declared.values()
    for guess in guessed_references(survey.catalog):
        if orphans := _orphans(survey, guess):
            name, column, parent = map(_flow, (guess.child, guess.columns[0], guess.parent))
            yield f"# Left out: {orphans} rows of {name} have a {column} that {parent} has not."


def _columns(key: str, columns: Sequence[str]) -> dict[str, Any]:
    """One under the key, several under its plural."""
    return {key: columns[0]} if len(columns) == 1 else {f"{key}s": list(columns)}


def _structure_lines(survey: Survey, tenant: TenantGuess | None) -> Iterator[str]:
    names = sorted(survey.catalog.tables)
    yield "structure:"
    yield "  # All of one tier: say which ones the application cannot start without."
    yield "  tables:"
    yield "    - tier: important"
    yield "      names:"
    yield from (f"        - {_flow(name)}" for name in names if not is_glob(name))
    foreign_keys = {
        (key.child, frozenset(key.columns)): {
            "table": key.child,
            "columns": list(key.columns),
            "references": key.parent,
            "on_delete": key.delete_rule,
        }
        for key in survey.catalog.foreign_keys
        if key.delete_rule
    }
    if foreign_keys:
        yield "  foreign_keys:"
        yield from (f"    - {_flow(entry)}" for entry in foreign_keys.values())
    if len(survey.schemas) > 1:
        yield "  references_allowed:"
        for schema, others in _schema_map(survey).items():
            yield f"    {_flow(schema)}: {_flow(others)}"
    ledgers = [name for name in names if any(word in name.lower() for word in _LEDGERS)]
    if ledgers:
        yield f"  ledgers: {_flow(ledgers)}  # guessed, by their names"
    walled = sorted(survey.walled - ({tenant.table} if tenant else set()))
    if walled and tenant:
        yield "  row_security:"
        yield f"    required: {_flow(walled)}"
    timestamps = [
        column
        for column in _TIMESTAMPS
        if all(column in table.types for table in survey.catalog.tables.values())
    ]
    if timestamps:
        yield f"  timestamps: {_flow(timestamps)}"


def _migration_lines(survey: Survey, trees: Mapping[str, MigrationTree]) -> Iterator[str]:
    yield "# Relative to this file. The layouts are guessed, by the names of the files."
    yield "migrations:"
    for name, tree in trees.items():
        entry = {"folder": tree.folder, "layout": tree.layout}
        if survey.schemas[0] != "public":
            entry["default_schema"] = survey.schemas[0]
        yield f"  {_flow(name)}: {_flow(entry)}"


def _schema_map(survey: Survey) -> Mapping[str, list[str]]:
    """Which schema references which, as it is."""
    allowed: dict[str, set[str]] = {schema: set() for schema in survey.schemas}
    for key in survey.catalog.foreign_keys:
        child, parent = (locate(name, survey.schemas)[0] for name in (key.child, key.parent))
        if child != parent:
            allowed[child].add(parent)
    return {schema: sorted(others) for schema, others in allowed.items()}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_flow(name) for name in sorted(names))


class _OneLineDumper(yaml.SafeDumper):
    """What does not show as itself in a name is escaped, so that a line stays one."""

    def represent_str(self, text: str) -> yaml.ScalarNode:
        style = None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLineDumper.add_representer(str, _OneLineDumper.represent_str)


def _flow(value: Any) -> str:
    """A value as YAML has it on one line, in a list or a mapping too."""
    text = yaml.dump(
        [value],
        Dumper=_OneLineDumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.strip().removeprefix("[").removesuffix("]")
