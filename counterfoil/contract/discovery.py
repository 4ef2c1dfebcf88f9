"""What the catalog adds to a contract: the tables and relationships that carry the tenant.

A contract lists what was there when it was written. A table added tomorrow is covered as
well: each that carries the tenant column is audited, and each foreign key between two of
them. What was discovered becomes part of the contract that is built and audited, so the
views are rebuilt when it changes, and everything downstream knows one contract only.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from counterfoil.common.errors import PreflightError
from counterfoil.contract.catalog import Catalog, CatalogForeignKey, CatalogTable, Facts
from counterfoil.contract.contract import Contract, Table, Tenant
from counterfoil.contract.references import Relationship
from counterfoil.contract.sequences import read_numbered
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.session import Session

log = logging.getLogger(__name__)


def discover(contract: Contract, session: Session) -> Contract:
    """The contract with what the catalog adds to it, and says of it.

    Args:
        contract: what was declared, which always goes before what is discovered.
        session: whose builder is asked.

    Raises:
        TargetError: the database cannot be reached.
        UnavailableError: the connection was lost meanwhile.
        PreflightError: it refuses to show its catalog.
    """
    is_numbered = "schema" in contract.packs and contract.tables
    if not (contract.reads_rows or contract.ledgers or is_numbered):
        return contract
    with session.as_builder(Refusal(PreflightError)) as connection:
        catalog = Catalog.read(connection, contract.schemas)
        contract = contract.knowing(Facts(catalog.tables))
        if contract.tenant and contract.reads_rows:
            contract = _with_discovered(contract, contract.tenant, catalog)
        if is_numbered:
            numbered = read_numbered(connection, contract.schemas, contract.tables)
            contract = contract.knowing(replace(contract.facts, numbered=numbered))
    return contract


def _with_discovered(contract: Contract, tenant: Tenant, catalog: Catalog) -> Contract:
    """The contract, and every table and relationship of the catalog that carries its tenant."""
    tables = dict(contract.tables)
    for name, table in catalog.tables.items():
        is_other = name != tenant.table and not tenant.is_global(name)
        # Of whatever type it is: what does not compare with the tenants' key is told.
        if is_other and tenant.column_of(name) in table.types:
            tables.setdefault(name, Table(key=table.key))
    scoped = {name for name, table in tables.items() if table.carries_tenant} - {tenant.table}
    relationships = {relationship.name: relationship for relationship in contract.relationships}
    # Whatever it is called; of one of some rows alone, the others are still to be judged.
    declared = {_names(one) for one in contract.relationships if one.where is None}
    for foreign_key in catalog.foreign_keys:
        if {foreign_key.child, foreign_key.parent} <= scoped:
            relationship = _relationship(foreign_key, tenant, tables, catalog.tables)
            if relationship is not None and _names(relationship) not in declared:
                relationships.setdefault(relationship.name, relationship)
    for root, foreign_key in catalog.partition_keys:
        if {root, foreign_key.parent} <= scoped:
            of_root = replace(foreign_key, child=root)
            relationship = _relationship(of_root, tenant, tables, catalog.tables)
            if relationship is not None and relationship.name not in relationships:
                # Its rows are the root's, which is audited for all else.
                key = catalog.partitions[foreign_key.child].key
                tables.setdefault(
                    foreign_key.child, Table.model_validate({"key": key, "global": True})
                )
                of_partition = relationship.model_copy(update={"child": foreign_key.child})
                relationships[of_partition.name] = of_partition
    added = len(tables) - len(contract.tables), len(relationships) - len(contract.relationships)
    if not any(added):
        return contract
    log.info("Discovered beyond the contract: %d tables, %d relationships", *added)
    return contract.model_copy(
        update={"tables": tables, "relationships": tuple(relationships.values())}
    )


def _names(relationship: Relationship) -> tuple[str, tuple[str, ...], str]:
    return relationship.child, relationship.child_columns, relationship.parent


def _relationship(
    foreign_key: CatalogForeignKey,
    tenant: Tenant,
    tables: Mapping[str, Table],
    catalog: Mapping[str, CatalogTable],
) -> Relationship | None:
    """What the key says; None of one over the tenant alone, which every table has anyway.

    Where one column finds the parent without the tenant, it is the reference: a row of the
    wrong tenant is then a leak, which says more than an orphan.
    """
    child, parent = foreign_key.child, foreign_key.parent
    tenants = (tenant.column_of(child), tenant.column_of(parent))
    pairs = list(zip(foreign_key.columns, foreign_key.parent_columns, strict=True))
    others = [pair for pair in pairs if pair != tenants]
    if not others:
        return None
    proven = catalog.get(parent)
    is_alone = len(pairs) == 1 or (proven is not None and proven.is_unique([others[0][1]]))
    if len(others) == 1 and is_alone:
        ((column, parent_column),) = others
        is_by_key = tables[parent].key_columns == (parent_column,)
        return Relationship(
            child=child,
            column=column,
            parent=parent,
            parent_column=None if is_by_key else parent_column,
        )
    return Relationship(
        child=child,
        columns=foreign_key.columns,
        parent=parent,
        parent_columns=foreign_key.parent_columns,
    )
