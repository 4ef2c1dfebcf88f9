"""The draft of a contract's part `structure`: what is there, so that its absence is told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from counterfoil.common.sqltext import comment
from counterfoil.contract.clauses import is_glob, locate
from counterfoil.draft.flow import flow
from counterfoil.draft.survey import Survey
from counterfoil.draft.tenant import TenantGuess
from counterfoil.draft.tenant_schemas import TenantSchemasGuess
from counterfoil.draft.walls import Walls

_LEDGERS = ("ledger", "audit", "journal", "history")
_TIMESTAMPS = ("created_at", "updated_at", "createdAt", "updatedAt")

# A line is one column: of more than these nobody reads a draft, and views grow too large.
_MOST_COLUMNS = 20_000


def structure_lines(survey: Survey, tenant: TenantGuess | None) -> Iterator[str]:
    """The lines of the part, in the order in which its keys are documented."""
    names = sorted(survey.catalog.tables)
    of_tenants = [survey.tenant_schemas] if survey.tenant_schemas else []
    yield "structure:"
    yield from _table_lines(survey, names)
    yield from _column_lines(survey, names, tenant)
    yield from _foreign_key_lines(survey)
    if len(survey.schemas) > 1 or survey.tenant_schemas:
        yield "  references_allowed:"
        for schema, others in _schema_map(survey).items():
            yield f"    {flow(schema)}: {flow(others)}"
    ledgers = [name for name in names if any(word in name.lower() for word in _LEDGERS)]
    if ledgers:
        yield f"  ledgers: {flow(ledgers)}  # guessed, by their names"
    walled = sorted(survey.walled - ({tenant.table} if tenant else set()))
    if survey.walls and survey.walls.visitors:
        yield from _wall_lines(survey.walls)
        yield from _policy_words(survey.walls.owner_columns, survey.walls.shared)
    elif survey.walls and walled and tenant:
        yield "  row_security:"
        yield f"    required: {flow(walled)}"
        columns = _besides_tenants(survey, survey.walls, tenant)
        yield from _policy_words(columns, survey.walls.shared)
    yield from _policy_lines(survey, names)
    yield from _index_lines(survey, names)
    yield from _trigger_lines(survey, names)
    yield from _privilege_lines(survey, names)
    timestamps = [
        column
        for column in _TIMESTAMPS
        if all(
            column in table.types
            for catalog in (survey.catalog, *(one.catalog for one in of_tenants))
            for table in catalog.tables.values()
        )
    ]
    if timestamps:
        yield f"  timestamps: {flow(timestamps)}"


def tenant_schema_lines(survey: Survey, found: TenantSchemasGuess) -> Iterator[str]:
    """The lines of the part `schemas`: what most of the tenants' schemas have."""
    each = replace(
        survey, catalog=found.catalog, shape=found.shape, outward=(), foreign=(), excluded=()
    )
    names = sorted(found.catalog.tables)
    of = found.of
    named = len(of.named.intersection(found.names))
    yield f"# Guessed: {len(found.names)} schemas have the same tables, or nearly, and"
    yield f"# {comment(of.table)}.{comment(of.column)} names {named} of them."
    yield "# What more than half have is declared of each."
    yield from (f"#   {comment(line)}" for line in found.differing)
    yield "schemas:"
    yield f"  like: {flow(found.like)}"
    yield f"  of: {flow({'table': of.table, 'column': of.column})}"
    yield from _table_lines(each, names)
    yield from _column_lines(each, names)
    yield from _foreign_key_lines(each)
    yield from _index_lines(each, names)
    yield from _trigger_lines(each, names)
    yield ""


def _table_lines(survey: Survey, names: Iterable[str]) -> Iterator[str]:
    plain = [name for name in names if not is_glob(name)]
    logged = [name for name in plain if name not in survey.shape.unlogged]
    unlogged = [name for name in plain if name in survey.shape.unlogged]
    yield "  tables:"
    if logged:
        yield "    # All of one tier: say which ones the application cannot start without."
        yield from _tier_lines("important", logged)
    if unlogged:
        yield "    # UNLOGGED: a crash empties them."
        yield from _tier_lines("supporting", unlogged)
    if foreign := [name for name in survey.foreign if not is_glob(name)]:
        yield "    # Foreign tables, whose rows are another server's."
        yield from _tier_lines("supporting", foreign)
    if survey.excluded:
        yield "    # Left out by choice: nothing else is asked of them."
        yield from _tier_lines("supporting", survey.excluded)


def _tier_lines(tier: str, names: Iterable[str]) -> Iterator[str]:
    yield f"    - tier: {tier}"
    yield "      names:"
    yield from (f"        - {flow(name)}" for name in names)


def _column_lines(
    survey: Survey, names: Iterable[str], tenant: TenantGuess | None = None
) -> Iterator[str]:
    columns = [(name, column) for name in names for column in survey.shape.columns.get(name, ())]
    if len(columns) > _MOST_COLUMNS:
        yield f"  # Left out: the {len(columns)} columns, more than {_MOST_COLUMNS}."
        # But for tenants that may be null: unsaid, each would be a finding.
        columns = [
            (name, column)
            for name, column in columns
            if column.nullable and tenant and column.name == tenant.column_of(name)
        ]
    if columns:
        yield "  columns:"
        for name, column in columns:
            entry = {
                "table": name,
                "column": column.name,
                "type": column.type,
                "nullable": column.nullable,
            }
            said = {key: value for key, value in entry.items() if value is not None}
            yield f"    - {flow(said)}"


def _foreign_key_lines(survey: Survey) -> Iterator[str]:
    """Those of tables, and those that partitions have of their own."""
    catalog = survey.catalog
    foreign_keys = {
        (key.child, frozenset(key.columns)): {
            "table": key.child,
            "columns": list(key.columns),
            "references": key.parent,
            "on_delete": key.delete_rule,
        }
        for key in (*catalog.foreign_keys, *catalog.own_keys, *survey.outward)
        if key.delete_rule
    }
    if foreign_keys:
        yield "  foreign_keys:"
        yield from (f"    - {flow(entry)}" for entry in foreign_keys.values())


def _wall_lines(walls: Walls) -> Iterator[str]:
    """Each table that visitors may come near must have row security, tomorrow's too."""
    yield "  row_security:"
    yield f"    visitors: {flow(list(walls.visitors))}"
    if walls.provided:
        yield f"    provided_schemas: {flow(list(walls.provided))}"
    if walls.unwalled:
        yield f"    # Within their reach, and without any: {comment(', '.join(walls.unwalled))}."
    elif walls.required:
        yield "    # Tables of the schemas that they may use, and those that views alone show them."
    if walls.required:
        yield f"    required: {flow(list(walls.required))}"


def _besides_tenants(survey: Survey, walls: Walls, tenant: TenantGuess) -> list[str]:
    """The owner columns that are not the tenant, by its column or by the key of its own table."""
    tenants = {tenant.column, *tenant.columns.values()}
    own_key = survey.catalog.tables[tenant.table].primary_key
    return [
        column
        for column, tables in walls.owner_columns.items()
        if column not in tenants and not ((column,) == own_key and {*tables} == {tenant.table})
    ]


def _policy_words(
    owner_columns: Iterable[str], shared: Mapping[str, Iterable[str]]
) -> Iterator[str]:
    if columns := list(owner_columns):
        yield "    # What policies hold against who is there."
        yield f"    owner_columns: {flow(columns)}"
    if shared:
        yield "    # Their rows are shown without asking whose they are, or that cannot be told."
        yield "    shared:"
        for name, policies in shared.items():
            yield f"      - {flow(name)}  # {comment(', '.join(policies))}"


def _policy_lines(survey: Survey, names: Iterable[str]) -> Iterator[str]:
    policies = [(name, one) for name in names for one in survey.shape.policies.get(name, ())]
    if policies:
        yield "  policies:"
    for name, policy in policies:
        entry: dict[str, object] = {"table": name, "name": policy.name, "command": policy.command}
        entry |= {"restrictive": True} if policy.is_restrictive else {}
        yield f"    - {flow(entry)}"


def _index_lines(survey: Survey, names: Iterable[str]) -> Iterator[str]:
    """The indexes, and beside checks and exclusions those that keep columns unique."""
    indexes: dict[tuple[str, ...], str] = {}
    constraints: dict[tuple[str, object], str] = {}
    for name in names:
        for index in survey.shape.indexes.get(name, ()):
            if index.columns is None:
                unique = {"unique": True} if index.is_unique else {}
                entry = flow({"table": name, "name": index.name} | unique)
                indexes[name, index.name, "by name"] = entry
            elif index.is_unique:
                entry = flow({"table": name, "unique": list(index.columns)})
                constraints.setdefault((name, frozenset(index.columns)), entry)
            else:
                entry = flow({"table": name, "columns": list(index.columns)})
                indexes.setdefault((name, *index.columns), entry)
        for check in survey.shape.checks.get(name, ()):
            constraints[name, check] = flow({"table": name, "check": check})
        for exclusion in survey.shape.exclusions.get(name, ()):
            constraints[name, exclusion] = flow({"table": name, "exclude": exclusion})
    for key, entries in (("indexes", indexes), ("constraints", constraints)):
        if entries:
            yield f"  {key}:"
            yield from (f"    - {entry}" for entry in entries.values())


def _trigger_lines(survey: Survey, names: Iterable[str]) -> Iterator[str]:
    triggers = [(name, one) for name in names for one in survey.shape.triggers.get(name, ())]
    if triggers:
        yield "  triggers:"
        yield from (f"    - {flow({'table': name, 'name': one})}" for name, one in triggers)
    for name in names:
        for idle in survey.shape.idle_triggers.get(name, ()):
            yield f"  # Left out: trigger {comment(idle)} of {comment(name)} is disabled."


def _privilege_lines(survey: Survey, names: Iterable[str]) -> Iterator[str]:
    """What everybody may, and the roles of visitors, as it is."""
    names = list(names)
    found = survey.tenant_schemas
    globs = {name: found.glob(name) for name in found.catalog.tables} if found else {}
    yield "  privileges:"
    for role, own in survey.shape.privileges.items():
        of_tenants = found.shape.privileges[role] if found else {}
        held = {**own, **{globs[name]: may for name, may in of_tenants.items()}}
        alike: dict[tuple[str, ...], list[str]] = {}
        for name in (*names, *globs.values()):
            alike.setdefault(held.get(name, ()), []).append(name)
        if list(alike) == [()]:
            yield f"    - {flow({'role': role})}  # nothing"
        for may, tables in alike.items():
            if may:
                entry: dict[str, object] = {"role": role}
                entry |= {"tables": tables} if len(alike) > 1 else {}
                yield f"    - {flow(entry | {'may': list(may)})}"


def _schema_map(survey: Survey) -> Mapping[str, list[str]]:
    """Which schema references which, as it is."""
    allowed: dict[str, set[str]] = {schema: set() for schema in survey.schemas}
    for key in survey.catalog.foreign_keys:
        child, parent = (locate(name, survey.schemas)[0] for name in (key.child, key.parent))
        if child != parent:
            allowed[child].add(parent)
    if found := survey.tenant_schemas:
        parents = (key.parent for key in found.catalog.foreign_keys)
        homes = (locate(parent, ("", *survey.schemas))[0] for parent in parents)
        allowed[found.like] = {home for home in homes if home}
    return {schema: sorted(others) for schema, others in allowed.items()}
