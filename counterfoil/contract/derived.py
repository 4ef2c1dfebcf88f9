"""What follows from a contract, worked out once: dbt unfolds its lists, and interprets nothing.

It is dbt's variable `derived`, beside the contract itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

from counterfoil.common.sqltext import quoted
from counterfoil.contract.clauses import Clause
from counterfoil.contract.contract import MOST_OF_OVERVIEW, Contract
from counterfoil.contract.ledgers import FEATURES
from counterfoil.contract.references import OfOtherTypes, Relationship
from counterfoil.contract.rules import WORDS, RowRule
from counterfoil.contract.sequences import NumberedColumns
from counterfoil.contract.sql_words import written
from counterfoil.contract.workflows import compile_workflow

T = TypeVar("T")

# What one statement may touch: each table, and each of its indexes, takes a lock, of which a
# server has some 6,400 for all its sessions.
_MOST_TABLES = 200

# What a contract without ledgers has of them: dbt reads the types of views that it does not build.
_NO_LEDGERS: Mapping[str, Any] = {
    "ledger_types": dict.fromkeys(("account", "entry", "hold"), "text") | {"amount": "bigint"},
    "ledgers": [],
}

# Parents that one scan of a child is joined to: not more, since each is a hash in memory.
_PARENTS_OF_A_SCAN = 4


def dbt_variables(contract: Contract) -> dict[str, Any]:
    """The contract and what follows from it, as dbt's `--vars`."""
    # Another word in a report builds no view anew.
    words = {"__all__": set(WORDS)}
    declared = contract.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude={"why": True, "rules": words, "workflow": words},
    )
    return {"contract": declared, "derived": derive(contract)}


def derive(contract: Contract) -> dict[str, Any]:
    """What follows from a contract.

    Returns:
        schemas: those that it is about, its own first.
        global_tables: names and globs of the tables that belong to no tenant.
        ways_to_tenants: of tables that reach theirs over another one each `child`, its `columns`
            and the `parent`.
        tables: by name, the quoted `relation`; what SQL over its rows calls it, its `own_name`,
            quoted; the columns of its `key`; its `tenant`: the column with the tenant, or None,
            and whether its rows `may_lack_tenant`; what leaves its rows `unjudged`; and whether it
            is `missing`, and its relation an empty one in its place.
        ledger_types, ledgers: those of the contract, compiled (`compile_ledgers`).
        in_each_schema: where tenants have schemas, what each must have (`TenantSchemas.in_each`).
        unfolded: the lists that views unfold, each in parts that touch 200 tables at most:
            the names of `tables_in_use`, `tenant_tables`, those of the `overview`, and those of
            tenants' tables whose `rhythms` are declared; `references` that must resolve, those of
            several columns (`references_of_columns`), those that the contract's paths go through
            (`references_of_paths`), those to tables whose rows may be deleted
            (`references_to_deleted`), and `tenant_relationships` that must stay within a
            tenant; `unique_keys`: the business keys, and as rules like them the keys of
            tables that no index proves; the rules of `required_values` and `allowed_values`, as
            declared; the `rules`, by table; each `workflow`, with its `faults` (SQL for a text, or
            null), its `history`: SQL that selects the fault of each `row_key`, if it has one; and
            of each of the `numbered` sequences its `schema` and `relation`, and its `columns`, of a
            `table` each.

        A rule's `where` is as declared, and its `condition` what a view says for it.

        Of each feature of ledgers, `ledgers.holds` for one, it names the ledgers that have it.

        A reference has a name, child, columns, parent, parent_columns, the `own` columns whose
        nulls unset it, required, `is_plain`: whether it is of one column that can be judged,
        `once`: whether its parent's columns are unique, `compared`: what else of both rows must
        agree, and for a summary the `scan` that judges it and the `alias` of its parent there.
        `rows` are those of its child that it is about, if not all; `as`, what its column is read
        as; of a type that no parent is declared for, `type_column` has the type. Of one to a
        table whose rows may be deleted, `rows` are the living, and `deleted_rows` the others'.
        What Postgres cannot judge is `unjudged`: why. What has a condition that `looks_up` other
        tables in use is about no row while one of them has none.
    """
    tenant = contract.tenant
    marked = [name for name, table in contract.tables.items() if table.global_]
    in_use = [name for name, table in contract.tables.items() if table.in_use]
    rhythms = [one for one in contract.tenant_scoped_tables if contract.tables[one].freshness]
    lists: dict[str, Sequence[RowRule]] = {
        "unique_keys": contract.business_keys,
        "required_values": contract.required_values,
        "allowed_values": contract.allowed_values,
        "rules": contract.rules,
    }
    rules = {
        name: [_looking_up(contract, _written(contract, rule), (name, rule.name)) for rule in of]
        for name, of in lists.items()
    }
    # Those of a table together: one pass is for all of them.
    rules["rules"].sort(key=lambda rule: str(rule["table"]))
    rules["workflow"] = [
        _looking_up(contract, compile_workflow(contract, one), ("workflow", one.name))
        for one in contract.workflow
    ]
    references = [*_scanned(contract, "references", contract.references, partial(_paths, contract))]
    rules["unique_keys"] = _unique_keys(contract, rules.pop("unique_keys"))
    return {
        "schemas": [*contract.schemas],
        "global_tables": [*(tenant.global_tables if tenant else ()), *marked],
        "tables": {name: _table(contract, name) for name in contract.tables},
        **_if_any(ways_to_tenants=[*_ways_to_tenants(contract)] or None),
        **(contract.facts.ledgers or _NO_LEDGERS),
        **_if_any(
            in_each_schema=contract.tenant_schemas
            and contract.tenant_schemas.in_each(contract.schemas)
        ),
        "unfolded": {
            "tables_in_use": _parts(in_use, lambda name: {name}),
            "overview": [[*contract.overview]] if contract.overview else [],
            "rhythms": [rhythms[:MOST_OF_OVERVIEW]] if rhythms else [],
            "tenant_tables": _parts(contract.tenant_scoped_tables, lambda name: {name}),
            "references": _parts_of_scans(references),
            "references_of_columns": _parts_of_scans(
                reference for reference in references if len(reference["columns"]) > 1
            ),
            "references_of_paths": _parts_of_scans(
                reference for reference in references if reference["compared"]
            ),
            "tenant_relationships": _parts_of_scans(
                _scanned(
                    contract,
                    "tenant_relationships",
                    contract.tenant_relationships,
                    partial(_tenants, contract),
                )
            ),
            "references_to_deleted": _parts_of_scans(_to_deleted(contract)),
            **{name: _parts(of, partial(_touched, contract, name)) for name, of in rules.items()},
            "numbered": _parts(map(_numbered, contract.numbered), _tables_numbered),
            **{
                f"ledgers.{feature}": [[*of]]
                for feature in FEATURES
                if (of := [name for name, one in contract.ledgers.items() if one.declares(feature)])
            },
        },
    }


def _touched(contract: Contract, list_name: str, rule: Mapping[str, Any]) -> set[str]:
    own = {rule["table"], rule.get("history_table") or rule["table"]}
    return own.union(contract.facts.looked_up.get((list_name, rule["name"]), ()))


def _parts(items: Iterable[T], tables_of: Callable[[T], set[str]]) -> list[list[T]]:
    """The items in parts, in their order, each about 200 tables at most."""
    parts: list[list[T]] = []
    touched: set[str] = set()
    for item in items:
        if not parts or len(touched | tables_of(item)) > _MOST_TABLES:
            parts.append([])
            touched = set()
        parts[-1].append(item)
        touched |= tables_of(item)
    return parts


def _numbered(sequence: NumberedColumns) -> dict[str, Any]:
    columns = [{"table": table, "column": column} for table, column in sequence.columns]
    return asdict(sequence) | {"columns": columns}


def _tables_numbered(sequence: Mapping[str, Any]) -> set[str]:
    return {column["table"] for column in sequence["columns"]}


def _parts_of_scans(relationships: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The relationships in parts, those of a scan together, in their order within each part."""
    relationships = [*relationships]
    touched: dict[str, set[str]] = {}
    for one in relationships:
        tables = (one["child"], one["parent"], *one.get("looks_up", ()))
        touched.setdefault(one["scan"], set()).update(tables)
    parts = map(frozenset, _parts(touched, touched.__getitem__))
    return [[one for one in relationships if one["scan"] in scans] for scans in parts]


def _ways_to_tenants(contract: Contract) -> Iterator[dict[str, Any]]:
    """What leads all rows of a table to their tenant, if its columns cannot be null."""
    for one in contract.relationships:
        if contract.tables[one.child].reaches_tenant and one.where is None:
            yield {"child": one.child, "columns": [*one.child_columns], "parent": one.parent}


def _table(contract: Contract, name: str) -> dict[str, Any]:
    tenant, column = contract.tenant, None
    if tenant and name == tenant.table:
        column = contract.key_of(name)[0]
    elif tenant and contract.tables[name].carries_tenant:
        column = tenant.column_of(name)
    return {
        "relation": _relation(contract, name),
        "own_name": own_name(contract, name),
        "key": [*contract.key_of(name)],
        "tenant": column,
        **_if_any(
            unjudged=contract.unsaid_heirs(name),
            missing=name in contract.facts.missing or None,
            may_lack_tenant=(tenant is not None and tenant.is_optional(name)) or None,
        ),
    }


def _relation(contract: Contract, name: str) -> str:
    """What is read for a table: one that does not exist is read as an empty one."""
    if name in contract.facts.missing:
        columns = {column for table, column, _ in contract.columns_mentioned() if table == name}
        columns |= {*contract.key_of(name)}
        nulls = ", ".join(f"null::text as {quoted(column)}" for column in sorted(columns))
        return f"(select {nulls} where false)"
    relation = ".".join(map(quoted, contract.locate(name)))
    return f"only {relation}" if contract.tables[name].only else relation


def own_name(contract: Contract, table: str) -> str:
    """What SQL over the rows of a table calls it, quoted: its name, without its schema."""
    return quoted(contract.locate(table)[1])


def _written(contract: Contract, rule: Clause) -> dict[str, Any]:
    """A rule, with its condition as a view says it; without its words, which none says."""
    of = rule.model_dump(mode="json", exclude_none=True, exclude=set(WORDS))
    if of["table"] in contract.facts.missing:
        # There are no values, and what their types are is not known.
        return {
            key: value
            for key, value in of.items()
            if key not in ("values", "min", "max", "pattern", "holds", "where")
        } | {"is_incomparable": True}
    if where := of.get("where"):
        of["condition"] = written(where)
    if "holds" in of:
        of["holds"] = written(of["holds"])
    return of


def _looked_up(contract: Contract, *places: tuple[str, str]) -> list[str]:
    """The tables in use that the SQL of rules reads besides their own."""
    read = frozenset[str]().union(*(contract.facts.looked_up.get(place, ()) for place in places))
    return sorted(read & contract.tables_in_use)


def _have_rows(contract: Contract, tables: Iterable[str]) -> list[str]:
    return [f"exists (select from {_relation(contract, name)})" for name in tables]


def _looking_up(contract: Contract, rule: dict[str, Any], place: tuple[str, str]) -> dict[str, Any]:
    """A rule, which is about no row while a table in use that it looks up has none."""
    tables = _looked_up(contract, place)
    if not tables:
        return rule
    own = [f"({rule['condition']}) is not false"] if "condition" in rule else []
    condition = " and ".join([*own, *_have_rows(contract, tables)])
    return rule | {"condition": condition, "looks_up": tables}


def _unique_keys(contract: Contract, declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = (
        {
            "name": f"tables.{name}.key",
            "table": name,
            "columns": [*contract.key_of(name)],
            "is_key": True,
            **_if_any(unjudged=contract.unsaid_heirs(name)),
        }
        for name in contract.unproven_keys
    )
    rules = [*declared, *keys]
    for rule in rules:
        if why := contract.facts.unjudged.get(("unique_keys", rule["name"])):
            rule |= {"is_incomparable": True, "unjudged": why}
        elif not all(contract.is_column(rule["table"], named) for named in rule["columns"]):
            rule["grouped"] = [*contract.grouped(rule["table"], rule["columns"])]
    return rules


def _scanned(
    contract: Contract,
    list_name: str,
    relationships: Iterable[Relationship],
    compared: Callable[[Relationship], list[dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """Each relationship with its scan: one serves up to four parents of a child."""
    relationships = [*relationships]
    uses = Counter((one.child, column) for one in relationships for column in one.child_columns)
    # Of the child's rows, those of a condition are no other reference's.
    places: dict[tuple[str, str | None], int] = {}
    parents: Counter[int] = Counter()
    for relationship in relationships:
        child, parent = relationship.child, relationship.parent
        of_some = relationship.name if relationship.where else None
        place = places.setdefault((child, of_some), len(places) + 1)
        parents[place] += 1
        columns = relationship.child_columns
        parent_columns = contract.parent_columns(relationship)
        pairs = zip(columns, parent_columns, strict=False)
        why = contract.facts.unjudged.get((list_name, relationship.name))
        equalities = [
            contract.equality_of(child, a, parent, b, is_cast=relationship.as_ is not None)
            for a, b in pairs
        ]
        pairs_compared = compared(relationship)
        needed = [*columns, *(pair["column"] for pair in pairs_compared)]
        yield {
            "name": relationship.name,
            "child": child,
            "columns": [*columns],
            "parent": parent,
            "parent_columns": [*parent_columns],
            "own": _own_columns(contract, relationship, uses),
            "required": relationship.required,
            "is_plain": why is None and len(columns) == 1,
            "once": why is not None or contract.is_once(parent, parent_columns),
            "compared": pairs_compared,
            "scan": f"scan_{place}_{(parents[place] - 1) // _PARENTS_OF_A_SCAN + 1}",
            "alias": f"parent_{parents[place]}",
            **_if_any(
                equalities=equalities if any(equalities) else None,
                unjudged=why,
                rows=_rows_about(contract, relationship, needed),
                looks_up=_looked_up(contract, ("references", relationship.name)) or None,
                type_column=getattr(relationship, "type_column", None),
            ),
            **({"as": relationship.as_} if relationship.as_ else {}),
        }


def _rows_about(
    contract: Contract, relationship: Relationship, columns: Iterable[str]
) -> str | None:
    """The rows of the child that a reference is about; None if all of them are."""
    if relationship.where is None:
        return None
    if isinstance(relationship, OfOtherTypes):
        columns = [*columns, relationship.type_column]
    return _rows(contract, relationship.child, columns, _about(contract, relationship))


def _about(contract: Contract, relationship: Relationship) -> str:
    tables = _looked_up(contract, ("references", relationship.name))
    own = [f"({written(relationship.where)}) is not false"] if relationship.where else []
    return " and ".join([*own, *_have_rows(contract, tables)])


def _rows(contract: Contract, table: str, columns: Iterable[str], condition: str) -> str:
    """Some rows of a table with its key, its tenant and these of its columns, for `from`."""
    derived = _table(contract, table)
    needed = dict.fromkeys([*derived["key"], *columns, *filter(None, [derived["tenant"]])])
    listed = ", ".join(map(quoted, needed))
    if table in contract.facts.missing:
        nulls = ", ".join(f"null::text as {quoted(column)}" for column in needed)
        return f"(select {nulls} where false)"
    return (
        f"(select {listed} from {derived['relation']} as {derived['own_name']}"  # noqa: S608
        f" where {condition})"
    )


def _to_deleted(contract: Contract) -> Iterator[dict[str, Any]]:
    """The references to tables whose rows may be deleted, and of both tables the rows that count:
    of the child the living, of the parent the deleted.
    """
    to_deleted = contract.references_to_deleted
    for reference, of in zip(
        to_deleted, _scanned(contract, "references", to_deleted, lambda _: []), strict=True
    ):
        child = contract.tables[reference.child]
        places = [("references", reference.name)]
        places += [("tables", name) for name in (reference.child, reference.parent)]
        looks_up = _looked_up(contract, *places)
        conditions = [f"({written(reference.where)}) is not false"] if reference.where else []
        conditions += [f"({written(child.deleted)}) is not true"] if child.deleted else []
        conditions += _have_rows(contract, looks_up)
        if conditions:
            columns = of["columns"]
            of["rows"] = _rows(contract, reference.child, columns, " and ".join(conditions))
        if looks_up:
            of["looks_up"] = looks_up
        of["scan"] = f"scan_{reference.name}"
        of["deleted_rows"] = _deleted_rows(contract, reference.parent, of["parent_columns"])
        yield of


def _deleted_rows(contract: Contract, parent: str, columns: Iterable[str]) -> str:
    """What references lead to in the deleted rows of a table, each once, for `from`."""
    is_deleted = f"({written(contract.tables[parent].deleted or 'false')}) is true"
    rows = _rows(contract, parent, columns, is_deleted)
    return f"(select distinct {', '.join(map(quoted, columns))} from {rows} as deleted_rows)"  # noqa: S608


def _own_columns(
    contract: Contract, reference: Relationship, uses: Mapping[tuple[str, str], int]
) -> list[str]:
    """The columns whose nulls say that a row references nothing.

    Of several, not those that have a value for reasons of their own: the tenant's, those that
    cannot be null, and those of another reference.
    """
    child = reference.child
    table = (contract.facts.tables or {}).get(child)
    filled = set(table.not_null if table else ())
    if contract.tenant:
        filled.add(contract.tenant.column_of(child))
    columns = [*reference.child_columns]
    own = [name for name in columns if name not in filled and uses[child, name] == 1]
    return own if own and reference.columns else columns


def _paths(contract: Contract, relationship: Relationship) -> list[dict[str, Any]]:
    """What the contract's paths through a relationship compare."""
    return [
        _compared(contract, relationship, path.column, path.further_column, name=path.name)
        for path in contract.paths
        if relationship == contract.relationship_of(path.table, path.through)
    ]


def _tenants(contract: Contract, relationship: Relationship) -> list[dict[str, Any]]:
    """That both rows have one tenant."""
    assert contract.tenant is not None
    columns = map(contract.tenant.column_of, (relationship.child, relationship.parent))
    return [_compared(contract, relationship, *columns)]


def _compared(
    contract: Contract, relationship: Relationship, column: str, parent_column: str, **named: str
) -> dict[str, Any]:
    equality = contract.equality_of(relationship.child, column, relationship.parent, parent_column)
    return {
        **named,
        "column": column,
        "parent_column": parent_column,
        **_if_any(equality=equality),
    }


def _if_any(**said: Any) -> dict[str, Any]:
    """What is said at all: a key that hardly any rule has would stand in all of them."""
    return {key: value for key, value in said.items() if value is not None}
