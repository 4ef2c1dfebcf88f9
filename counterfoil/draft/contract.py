"""Writing the draft: YAML with a word beside each guess, read back before it is given out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from counterfoil.common.errors import ContractError
from counterfoil.common.sqltext import comment
from counterfoil.common.yamlfile import parse_model
from counterfoil.contract.catalog import ROW_PLACE, CatalogForeignKey
from counterfoil.contract.contract import Contract, MigrationTree
from counterfoil.draft.flow import flow
from counterfoil.draft.ledgers.lines import ledger_lines
from counterfoil.draft.references import MOST_ASTRAY, Guess
from counterfoil.draft.structure import structure_lines, tenant_schema_lines
from counterfoil.draft.survey import Survey
from counterfoil.draft.tenant import TenantGuess

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
    content = yaml.load(text, Loader=yaml.CSafeLoader)
    parse_model(Contract, content, where="the draft", error=ContractError)
    return text


def _lines(survey: Survey, trees: Mapping[str, MigrationTree]) -> Iterator[str]:
    guesses = [guess for guess in survey.guesses if guess.is_borne_out]
    tenant = survey.tenant if survey.tenant and survey.tenant.table in survey.in_use else None
    covered = sorted(survey.rows)
    yield f"# A draft, from what {flow(survey.database)} looked like: read every line. What is"
    yield "# guessed says so. docs/contract.md explains each key."
    yield f"database: {flow(survey.database)}"
    yield f"schema: {flow(survey.schemas[0])}"
    if survey.schemas[1:]:
        yield f"further_schemas: {flow(list(survey.schemas[1:]))}"
    packs = ["schema", "health"]
    if survey.in_use:
        packs = ["tenancy", "integrity", *packs] if tenant else ["integrity", *packs]
    else:
        yield "# No table has a row that stays: nothing is asked of rows until one has."
    if trees:
        packs.append("migrations")
    ledgers = [*ledger_lines(survey.ledgers, survey.catalog.tables)]
    if ledgers:
        packs.insert(0, "ledger")
    yield f"packs: {flow(packs)}"
    if tenant:
        yield from _tenant_lines(tenant, survey)
    if survey.in_use:
        yield ""
        yield "tables:"
        yield from _table_lines(survey, tenant, covered)
        yield from _relationship_lines(survey, guesses, tenant, covered)
        yield from _typed_lines(survey)
    yield ""
    if ledgers:
        yield from ("ledgers:", *ledgers, "")
    yield from _left_out_lines(survey)
    if survey.tenant_schemas:
        yield from tenant_schema_lines(survey, survey.tenant_schemas)
    yield from structure_lines(survey, tenant)
    if trees:
        yield ""
        yield from _migration_lines(survey, trees)


def _tenant_lines(tenant: TenantGuess, survey: Survey) -> Iterator[str]:
    yield ""
    count = len(tenant.carriers)
    yield f"# Guessed: {count} of {tenant.total} other tables reference it by that name."
    yield "tenant:"
    yield f"  table: {flow(tenant.table)}"
    yield f"  column: {flow(tenant.column)}"
    if tenant.columns:
        yield f"  columns: {flow(dict(tenant.columns))}"
    if optional := _optional_lines(survey):
        yield "  # Guessed: some of their rows have no tenant, too many for a mistake."
        yield "  optional_tables:"
        yield from optional
    if tenant.unowned:
        yield "  # Guessed: they neither have the column nor lead to a table that has."
    if tenant.unowned or survey.excluded:
        yield "  global_tables:"
        yield from (f"    - {flow(name)}" for name in (*tenant.unowned, *survey.excluded))


def _optional_lines(survey: Survey) -> list[str]:
    return [
        f"    - {flow(name)}  # {lacking} of {looked_at} rows looked at"
        for name, (lacking, looked_at) in survey.tenantless.items()
        if lacking > looked_at * MOST_ASTRAY
    ]


def _table_lines(
    survey: Survey, tenant: TenantGuess | None, covered: Iterable[str]
) -> Iterator[str]:
    for name in covered:
        table: dict[str, Any] = {"key": survey.catalog.tables[name].key}
        if name in survey.in_use:
            table["in_use"] = True
            if shrink := _most_shrink_percent(survey.rows[name]):
                table["max_shrink_percent"] = shrink
        elif name in survey.filled:
            why = "a crash empties it" if name in survey.shape.unlogged else "guessed, by its name"
            yield f"  # It may be empty at any time: {why}."
        if tenant and name in tenant.unowned:
            table["global"] = True
        elif tenant and name in tenant.paths:
            table["reaches_tenant"] = True
        if survey.catalog.tables[name].has_heirs:
            # Those that inherit from it are tables of the draft's too; where they have all
            # of its rows (as in TimescaleDB), they are what it is made of.
            table["only"] = name in survey.alone
        if table["key"] == ROW_PLACE:
            yield "  # It has no primary key: its rows are named by where they lie."
        table["key"] = _listed_key(table["key"])
        yield f"  {flow(name)}: {flow(table)}"
    for name in sorted({key.child for key in _keys_of_partitions(survey, tenant, covered)}):
        entry: dict[str, Any] = {"key": _listed_key(survey.catalog.partitions[name].key)}
        yield "  # A partition with references of its own."
        yield f"  {flow(name)}: {flow(entry | ({'global': True} if tenant else {}))}"


def _listed_key(key: str | tuple[str, ...]) -> str | list[str]:
    return key if isinstance(key, str) else list(key)


def _most_shrink_percent(rows: int) -> int | None:
    """By how much a table of so many rows may shrink in a night; None: it is too small to say."""
    for at_least, percent in ((100_000, 10), (1_000, 20), (20, 40)):
        if rows >= at_least:
            return percent
    return None


def _keys_of_partitions(
    survey: Survey, tenant: TenantGuess | None, covered: Iterable[str]
) -> list[CatalogForeignKey]:
    """The keys that some partitions have alone, but for those that an audit discovers, or that
    the names of the whole table's columns speak of.
    """
    tables = set(covered)
    owned = tables - {*tenant.unowned, *tenant.paths, tenant.table} if tenant else set()
    guessed = {
        (guess.reference.child, guess.reference.columns)
        for guess in survey.guesses
        if guess.is_borne_out
    }
    return [
        key
        for root, key in survey.catalog.partition_keys
        if {root, key.parent} <= tables
        and not {root, key.parent} <= owned
        and (root, key.columns) not in guessed
    ]


def _relationship_lines(
    survey: Survey,
    guesses: Iterable[Guess],
    tenant: TenantGuess | None,
    covered: Iterable[str],
) -> Iterator[str]:
    tables = set(covered)
    declared: dict[tuple[str, ...], str] = {}
    of_partitions = _keys_of_partitions(survey, tenant, tables)
    tables |= {key.child for key in of_partitions}
    references = [(key, "") for key in (*survey.catalog.foreign_keys, *of_partitions)]
    references += [(guess.reference, _evidence(guess)) for guess in guesses]
    for reference, said in references:
        # What carries the tenant is discovered at each audit, and so is the tenant's own.
        is_tenants = tenant and (tenant.is_carried_by(reference) or tenant.is_of(reference))
        if is_tenants or not {reference.child, reference.parent} <= tables:
            continue
        key = survey.catalog.tables[reference.parent].primary_key
        entry = {"child": reference.child} | _columns("column", reference.columns)
        entry["parent"] = reference.parent
        if reference.parent_columns != key:
            entry |= _columns("parent_column", reference.parent_columns)
        of = (reference.child, *reference.columns)
        declared.setdefault(of, f"  - {flow(entry)}{said}")
    if declared:
        yield ""
        yield "relationships:"
        yield from declared.values()
    for guess in survey.guesses:
        if not guess.is_borne_out:
            reference = guess.reference
            names = map(flow, (reference.child, reference.columns[0], reference.parent))
            name, column, parent = names
            yield (
                f"# Left out: {guess.orphans} of {guess.sampled} rows of {name} have a {column}"
                f" that {parent} has not."
            )


def _typed_lines(survey: Survey) -> Iterator[str]:
    if survey.typed:
        yield ""
        yield "polymorphic:"
    for one in survey.typed:
        entry = {"child": one.child, "column": one.column, "type_column": one.type_column}
        yield (
            f"  - {flow(entry | {'parents': dict(one.parents)})}  # guessed, by its types; of"
            f" {one.sampled} rows looked at {one.orphans} have no parent"
        )


def _evidence(guess: Guess) -> str:
    """What speaks for a reference, as a remark behind it."""
    if not guess.sampled and not guess.unread:
        return "  # guessed: no constraint says so, and no row that was looked at references one"
    if guess.unread:
        return f"  # guessed: no constraint says so, nor do rows: {comment(guess.unread)}"
    return (
        f"  # guessed: no constraint says so; of {guess.sampled} rows looked at"
        f" {guess.orphans} have no parent"
    )


def _left_out_lines(survey: Survey) -> Iterator[str]:
    """What there is and is not asked about, with its reason."""
    unread = (f"{name}: {why}" for name, why in survey.unread.items())
    excluded = (f"{one}: --exclude" for one in survey.excluded)
    said = [*unread, *excluded, *survey.left_out]
    if said:
        yield "# Left out:"
        yield from (f"#   {comment(line)}" for line in said)
        yield ""


def _columns(key: str, columns: Sequence[str]) -> dict[str, Any]:
    """One under the key, several under its plural."""
    return {key: columns[0]} if len(columns) == 1 else {f"{key}s": list(columns)}


def _migration_lines(survey: Survey, trees: Mapping[str, MigrationTree]) -> Iterator[str]:
    yield "# Relative to this file. The layouts are guessed, by the names of the files."
    yield "migrations:"
    for name, tree in trees.items():
        entry = {"folder": tree.folder, "layout": tree.layout}
        if survey.schemas[0] != "public":
            entry["default_schema"] = survey.schemas[0]
        yield f"  {flow(name)}: {flow(entry)}"
