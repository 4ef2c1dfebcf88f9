"""The contract: what a database promises, and what the views and suites hold it to.

It lives in contract.yml of the user's folder, in a checkout as the dbt project's variable, or in
a file that replaces either whole. docs/contract.md explains every key to its author.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    StrictBool,
    StrictFloat,
    StrictInt,
    model_validator,
)

from counterfoil.common.errors import ContractError
from counterfoil.common.folders import CONTRACT_FILE, ours_and_own
from counterfoil.common.sqltext import literal, quoted
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.contract.catalog import ROW_PLACE, Facts
from counterfoil.contract.clauses import Clause as _Clause
from counterfoil.contract.clauses import Condition, Name, label, locate, matches, twice
from counterfoil.contract.health import Health
from counterfoil.contract.layouts import Layout
from counterfoil.contract.ledgers import FEATURES, Ledger, circle
from counterfoil.contract.packs import Pack, check_packs, packs_of
from counterfoil.contract.references import OfOtherTypes, PolymorphicReference, Relationship
from counterfoil.contract.rules import (
    AllowedValues,
    BusinessKey,
    OwnRule,
    RequiredValue,
    RowRule,
    Rule,
    StatusHistory,
    Workflow,
    is_true,
)
from counterfoil.contract.sequences import NumberedColumns
from counterfoil.contract.sql_words import columns_in, written
from counterfoil.contract.structure import Structure, names_only
from counterfoil.contract.tenant_schemas import TenantSchemas

# Those that read the rows of the tables that the contract lists.
_ROW_PACKS = frozenset({"tenancy", "integrity"})

# The key without which a pack has nothing to go by.
_NEEDED_BY_PACK = {
    "ledger": "ledgers",
    "tenancy": "tenant",
    "migrations": "migrations",
}

# Keys that are called otherwise in the model.
_FIELDS = {"schemas": "tenant_schemas"}

# The lists of rules about one table each.
_RULES = ("business_keys", "required_values", "allowed_values", "rules", "workflow")

# What a column's name hardly has, and SQL that makes something of columns does.
_OF_SQL = re.compile(r"[('|]|::|->")

# What follows from a contract's keys, and decides as they do what applies.
_DERIVED = frozenset(
    {
        "numbered",
        "references",
        "references_of_columns",
        "references_to_deleted",
        "tenant_relationships",
        "tenant_scoped_tables",
        "unique_keys",
        "unproven_keys",
    }
)


# What one statement counts for each tenant.
MOST_OF_OVERVIEW = 50


class Tenant(_Clause):
    """Who shares the database: the table of tenants, and the column that names one.

    `columns` has the tables that call it otherwise; `global_tables` those of no tenant,
    by name or glob, and `optional_tables` those of which some rows may have none. `label` is a
    column of the tenants, `overview` the tables whose rows are counted for each of them, in
    place of those in use.
    """

    table: Name
    column: Name
    columns: dict[Name, Name] = Field(default_factory=dict)
    global_tables: tuple[Name, ...] = ()
    optional_tables: tuple[Name, ...] = ()
    label: Name | None = None
    overview: tuple[Name, ...] | None = Field(default=None, max_length=MOST_OF_OVERVIEW)

    def column_of(self, table: str) -> str:
        """What the table calls the tenant column."""
        return self.columns.get(table, self.column)

    def is_optional(self, table: str) -> bool:
        """Whether `optional_tables` name it."""
        return any(matches(pattern, table) for pattern in self.optional_tables)

    def is_global(self, table: str) -> bool:
        """Whether `global_tables` name it."""
        return any(matches(pattern, table) for pattern in self.global_tables)


class Freshness(_Clause):
    """How old a table's newest row may be, `max_age` as a Postgres interval.

    A column without a zone of its own, a timestamp or a date, is of `timezone`; a number counts
    `unit` since 1970.
    """

    column: Name
    max_age: Name
    timezone: Name | None = None
    unit: Literal["seconds", "milliseconds"] | None = None

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if self.timezone and self.unit:
            raise ValueError("give timezone or unit: a count since 1970 is of no zone")
        return self


class Table(_Clause):
    """A table that the contract speaks of, by the name it has in the catalog."""

    key: Name | Annotated[tuple[Name, ...], Field(min_length=2)]
    kind: Literal["table", "view", "foreign table"] = "table"
    only: StrictBool | None = None
    in_use: StrictBool = False
    global_: StrictBool = Field(default=False, alias="global")
    reaches_tenant: StrictBool = False
    freshness: Freshness | None = None
    max_shrink_percent: StrictInt | StrictFloat | None = Field(default=None, ge=0, le=100)
    pii: tuple[Name, ...] = ()
    deleted: Condition | None = None

    @model_validator(mode="after")
    def _is_somebodys_or_nobodys(self) -> Self:
        if self.global_ and self.reaches_tenant:
            raise ValueError("it is global, or it reaches_tenant")
        return self

    @property
    def carries_tenant(self) -> bool:
        """Whether it has the tenant's column, if the database has tenants."""
        return not (self.global_ or self.reaches_tenant)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return (self.key,) if isinstance(self.key, str) else self.key


class ParentPath(_Clause):
    """A table's own way to a parent, and the way over another of its parents.

    `column` references the parent, and so does `parent_column` (by default of that name) of
    the table that `through` references.
    """

    name: Name
    table: Name
    column: Name
    through: Name
    parent_column: Name | None = None

    @property
    def further_column(self) -> str:
        """The column of the other parent's."""
        return self.parent_column or self.column


class MigrationHistory(_Clause):
    """The table in which the tool that applies migrations records that it did.

    `format` is whose table it looks like; `versions` has one row per version, `latest` one row.
    """

    table: Name
    format: Literal[
        "alembic", "flyway", "drizzle", "goose", "prisma", "sql-migrate", "latest", "versions"
    ]


class MigrationTree(_Clause):
    """A folder of migrations, and what is beside it. Paths are relative to the contract.

    `history` is found by its usual name and columns if it is not declared.
    """

    folder: Name
    layout: Literal["auto", Layout] = "auto"
    models: Name | None = None
    default_schema: Name = "public"
    qualified_names: StrictBool = False
    rollbacks: StrictBool | None = None
    baseline: Name | None = None
    provided_schemas: tuple[Name, ...] = ()
    provided_tables: tuple[Name, ...] = ()
    provided_sql: Name | None = None
    history: MigrationHistory | None = None


class Contact(_Clause):
    """Whom an owner's name stands for, and how they are reached."""

    name: Name | None = None
    channel: Name | None = None
    page: Name | None = None

    @property
    def told(self) -> str:
        """As a report says it."""
        return ", ".join(filter(None, (self.name, self.channel, self.page)))

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.told:
            raise ValueError("say name, channel or page")
        return self


class Contract(_Clause):
    """What one database promises."""

    database: Name
    schema_: Name = Field(alias="schema")
    further_schemas: tuple[Name, ...] = ()
    packs: tuple[Pack, ...] = Field(min_length=1)
    tenant: Tenant | None = None
    tables: dict[Name, Table] = Field(default_factory=dict)
    relationships: tuple[Relationship, ...] = ()
    polymorphic: tuple[PolymorphicReference, ...] = ()
    paths: tuple[ParentPath, ...] = ()
    business_keys: tuple[BusinessKey, ...] = ()
    required_values: tuple[RequiredValue, ...] = ()
    allowed_values: tuple[AllowedValues, ...] = ()
    rules: tuple[Rule, ...] = ()
    workflow: tuple[Workflow, ...] = ()
    ledgers: dict[Name, Ledger] = Field(default_factory=dict)
    migrations: dict[Name, MigrationTree] = Field(default_factory=dict)
    structure: Structure | None = None
    tenant_schemas: TenantSchemas | None = Field(default=None, alias="schemas")
    health: Health | None = None
    why: dict[Name, Name] = Field(default_factory=dict)
    owners: dict[Name, Contact] = Field(default_factory=dict)
    _facts: Facts = PrivateAttr(default_factory=Facts)

    @model_validator(mode="after")
    def _names_are_written_one_way(self) -> Self:
        """Views and findings have one name for a table, and so must the contract."""
        mentioned = [(name, f"tables.{name}") for name in self.tables]
        if self.tenant:
            mentioned += [(self.tenant.table, "tenant.table")]
            mentioned += [(name, "tenant.columns") for name in self.tenant.columns]
        if self.structure:
            names = names_only(self.structure.tables_mentioned())
            mentioned += [(name, f"structure.{key}") for name, key in names]
            for schema in self.structure.schemas_mentioned():
                is_of_tenants = self.tenant_schemas and schema == self.tenant_schemas.like
                if schema not in self.schemas and not is_of_tenants:
                    raise ValueError(
                        f"key 'structure.references_allowed': '{schema}' is not among the"
                        f" contract's schemas ({', '.join(self.schemas)})"
                    )
        for name, key in mentioned:
            written = label(*self.locate(name), self.schemas)
            if written != name:
                raise ValueError(f"key '{key}': write '{written}' for '{name}'")
        return self

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for pack, key in _NEEDED_BY_PACK.items():
            if pack in self.packs and not getattr(self, key):
                raise ValueError(f"key '{key}' is missing, and packs asks for {pack}")
        if self.reads_rows and not self.tables_in_use:
            raise ValueError("key 'tables': none is in_use, so an empty database would pass")
        for table, key in self._tables_mentioned():
            if table not in self.tables:
                known = ", ".join(self.tables)
                raise ValueError(f"key '{key}': table '{table}' is not in tables ({known})")
        for list_name in (*_RULES, "paths"):
            if doubled := twice(rule.name for rule in getattr(self, list_name)):
                raise ValueError(f"key '{list_name}': '{doubled}' is declared twice")
        if name := twice(relationship.name for relationship in self.all_relationships):
            raise ValueError(
                f"key 'relationships': '{name}' is declared twice: of two parents give each a name"
            )
        if path := circle(self.ledgers):
            raise ValueError(f"key 'ledgers': {' within '.join([*path, path[0]])} is a circle")
        return self

    @model_validator(mode="after")
    def _tenants_own_what_it_says(self) -> Self:
        if self.tenant is None:
            return self
        for name, listed in self.tables.items():
            if not listed.global_ and self.tenant.is_global(name):
                raise ValueError(f"key 'tables.{name}': global_tables name it: say global: true")
        for name in self.tenant.overview or ():
            if name not in self.tenant_scoped_tables:
                raise ValueError(f"key 'tenant.overview': rows of {name} name no tenant")
        if self.reads_rows and len(self.key_of(self.tenant.table)) > 1:
            raise ValueError("key 'tenant.table': its key has several columns")
        return self

    @model_validator(mode="after")
    def _references_lead_somewhere(self) -> Self:
        for position, relationship in enumerate(self.relationships):
            asked, found = len(relationship.child_columns), len(self.parent_columns(relationship))
            if asked != found:
                has = "several columns" if found > 1 else "one column"
                give = "as many parent_columns as columns" if asked > 1 else "parent_column"
                raise ValueError(
                    f"key 'relationships.{position}': the key of {relationship.parent} has"
                    f" {has}: give {give}"
                )
        for position, path in enumerate(self.paths):
            if fault := self._fault_of(path):
                raise ValueError(f"key 'paths.{position}': {fault}")
        for position, polymorphic in enumerate(self.polymorphic):
            for parent in polymorphic.parents.values():
                if len(self.key_of(parent)) > 1:
                    raise ValueError(
                        f"key 'polymorphic.{position}': the key of {parent} has several columns"
                    )
        return self

    @model_validator(mode="after")
    def _rules_tell_nothing_personal(self) -> Self:
        for position, rule in enumerate(self.rules):
            if personal := set(rule.observed) & set(self.tables[rule.table].pii):
                raise ValueError(
                    f"key 'rules.{position}.observed': {min(personal)} is personal (pii) and may"
                    " not be told"
                )
        for position, workflow in enumerate(self.workflow):
            if workflow.history and len(self.key_of(workflow.table)) > 1:
                raise ValueError(
                    f"key 'workflow.{position}.history': the key of {workflow.table} has several"
                    " columns"
                )
        return self

    def _fault_of(self, path: ParentPath) -> str | None:
        """What keeps the path from being two ways to one parent, which nothing else judges."""
        direct = self.relationship_of(path.table, path.column)
        through = self.relationship_of(path.table, path.through)
        if self.tenant and path.column == self.tenant.column_of(path.table):
            return f"{path.column} is the tenant: tenancy.references_stay_in_tenant compares it"
        if direct is None or through is None:
            missing = path.through if direct else path.column
            return f"relationships have no {path.table}.{missing}"
        further = self.relationship_of(through.parent, path.further_column)
        if direct.parent == through.parent:
            return f"{path.column} and {path.through} both reference {direct.parent}"
        if further is None or further.parent != direct.parent:
            return (
                f"no relationship leads from {through.parent}.{path.further_column}"
                f" to {direct.parent}"
            )
        return None

    def relationship_of(self, table: str, column: str) -> Relationship | None:
        """The first relationship by that column of the table."""
        return next(
            (one for one in self.relationships if (one.child, one.column) == (table, column)), None
        )

    def knowing(self, facts: Facts) -> "Contract":
        """The contract, and what the catalog says of it."""
        known = self.model_copy()
        known._facts = facts
        return known

    def without(self, missing: frozenset[str]) -> "Contract":
        """The contract, which knows that some of its tables do not exist.

        They are in use: that is what is wrong with them. They are not fresh, having no rows.
        """
        gone = {
            name: self.tables[name].model_copy(update={"in_use": True, "freshness": None})
            for name in missing
        }
        known = self.model_copy(update={"tables": {**self.tables, **gone}})
        known._facts = replace(self.facts, missing=missing)
        return known

    @property
    def facts(self) -> Facts:
        """What the catalog says of it; nothing before it was asked."""
        return self._facts

    @property
    def numbered(self) -> tuple[NumberedColumns, ...]:
        """The sequences that are held against the rows of its tables."""
        return self.facts.numbered

    def is_once(self, table: str, columns: Collection[str]) -> bool:
        """Whether no two of the table's rows can agree on the columns, nulls aside."""
        if self.facts.tables is None:
            return True
        found = self.facts.tables.get(table)
        return (
            found is not None
            and found.is_unique(columns)
            and not self._reads_heirs(table, only=self.tables[table].only)
        )

    def equality_of(
        self, child: str, column: str, parent: str, parent_column: str, *, is_cast: bool = False
    ) -> str | None:
        """What stands between two columns that are compared, as SQL; None for a plain `=`.

        Of two collations the parent's, which is what a foreign key goes by; and of one type that
        is not Postgres' own the operator of it. What is cast has neither of its own.
        """
        tables = self.facts.tables or {}
        if child not in tables or parent not in tables:
            return None
        ours, theirs = tables[child], tables[parent]
        if is_cast:
            return theirs.equalities.get(parent_column)
        collations = ours.collations.get(column), theirs.collations.get(parent_column)
        operators = {ours.equalities.get(column), theirs.equalities.get(parent_column)}
        operator = operators.pop() if len(operators) == 1 else None
        if None not in collations and collations[0] != collations[1]:
            return f"collate {collations[1]} {operator or '='}"
        return operator

    def _reads_heirs(self, table: str, *, only: bool | None) -> bool:
        """Whether rows of tables that inherit from it are read with its own."""
        found = (self.facts.tables or {}).get(table)
        return found is not None and found.has_heirs and not only

    def narrowed_to(self, packs: Collection[Pack]) -> "Contract":
        """The contract with those of its packs that are named; with all of them if none is.

        Raises:
            ContractError: one is none of its own.
        """
        for pack in packs:
            if pack not in self.packs:
                raise ContractError(
                    f"the contract has no pack '{pack}'",
                    where=f"contract of {self.database}",
                    remedy=f"Audit one or more of: {', '.join(self.packs)}",
                )
        kept = tuple(pack for pack in self.packs if pack in packs)
        return self.model_copy(update={"packs": kept}) if kept else self

    def of_ledger(self, name: str) -> "Contract":
        """The contract with that one of its ledgers."""
        return self.model_copy(update={"ledgers": {name: self.ledgers[name]}})

    @property
    def schemas(self) -> tuple[str, ...]:
        """Every schema that the contract is about, its own first."""
        return tuple(dict.fromkeys([self.schema_, *self.further_schemas]))

    def locate(self, table: str) -> tuple[str, str]:
        """The (schema, relation) that a table's name in this contract means."""
        return locate(table, self.schemas)

    def key_of(self, table: str) -> tuple[str, ...]:
        """The columns that identify a row of one of `tables`."""
        return self.tables[table].key_columns

    @property
    def relations(self) -> tuple[tuple[str, str], ...]:
        """The (schema, relation) of each table that it names."""
        of_ledgers = (table for ledger in self.ledgers.values() for table in ledger.tables)
        return tuple(dict.fromkeys(map(self.locate, (*self.tables, *of_ledgers))))

    @property
    def reads_rows(self) -> bool:
        """Whether a pack is on that reads the application's rows, not the catalog alone."""
        return not _ROW_PACKS.isdisjoint(self.packs)

    def parent_columns(self, relationship: Relationship) -> tuple[str, ...]:
        """The columns of its parent that a relationship references."""
        if relationship.parent_column:
            return (relationship.parent_column,)
        if relationship.parent_columns:
            return relationship.parent_columns
        # A contract of the catalog alone names its tenants' table, and has no tables.
        listed = self.tables.get(relationship.parent)
        return listed.key_columns if listed else ()

    def _tables_mentioned(self) -> Iterator[tuple[str, str]]:
        if self.tenant_schemas:
            yield self.tenant_schemas.of.table, "schemas.of.table"
        if self.tenant and self.reads_rows:
            yield self.tenant.table, "tenant.table"
            for table in self.tenant.overview or ():
                yield table, "tenant.overview"
        for position, relationship in enumerate(self.relationships):
            yield relationship.child, f"relationships.{position}.child"
            yield relationship.parent, f"relationships.{position}.parent"
        for position, polymorphic in enumerate(self.polymorphic):
            yield polymorphic.child, f"polymorphic.{position}.child"
            for type_, parent in polymorphic.parents.items():
                yield parent, f"polymorphic.{position}.parents.{type_}"
        for position, workflow in enumerate(self.workflow):
            if workflow.history:
                yield workflow.history.table, f"workflow.{position}.history.table"
        for list_name in (*_RULES, "paths"):
            for position, rule in enumerate(getattr(self, list_name)):
                yield rule.table, f"{list_name}.{position}.table"

    def columns_mentioned(self) -> Iterator[tuple[str, str, str]]:
        """Each (table, column, contract key) that must exist in the database."""
        yield from self._columns_of_tables()
        for position, relationship in enumerate(self.relationships):
            key = f"relationships.{position}"
            of = "column" if relationship.column else "columns"
            for column in relationship.child_columns:
                yield relationship.child, column, f"{key}.{of}"
            for column in self.parent_columns(relationship):
                yield relationship.parent, column, f"{key}.parent_{of}"
        for key, rule in self._rules():
            for table, column, of_rule in rule.columns_mentioned(key):
                if not isinstance(rule, BusinessKey) or self.is_column(table, column):
                    yield table, column, of_rule

    def _rules(self) -> Iterator[tuple[str, RowRule | PolymorphicReference]]:
        """The rules about rows, with their keys: of one's own rules the name is what one knows."""
        for list_name in ("polymorphic", *_RULES):
            for position, rule in enumerate(getattr(self, list_name)):
                name = f" ({rule.name})" if isinstance(rule, OwnRule) else ""
                yield f"{list_name}.{position}{name}", rule

    def is_column(self, table: str, named: str) -> bool:
        """Whether a name in the contract is a column of the table, and not SQL over its rows."""
        found = (self.facts.tables or {}).get(table)
        return bool(found and named in found.types) or not _OF_SQL.search(named)

    def columns_of(self, table: str, named: str) -> tuple[str, ...]:
        """The columns that a name in the contract is, or SQL over the table's rows is made of."""
        if self.is_column(table, named):
            return (named,)
        return tuple(parts[-1] for parts in columns_in(named) if parts)

    def grouped(self, table: str, names: Iterable[str]) -> Iterator[str]:
        """What rows of the table are grouped by, as SQL, for each column or expression."""
        _, own = self.locate(table)
        for named in names:
            is_column = self.is_column(table, named)
            yield f"{quoted(own)}.{quoted(named)}" if is_column else f"({written(named)})"

    def _columns_of_tables(self) -> Iterator[tuple[str, str, str]]:
        if self.tenant and self.tenant.label:
            yield self.tenant.table, self.tenant.label, "tenant.label"
        if self.tenant_schemas:
            of = self.tenant_schemas.of
            yield of.table, of.column, "schemas.of.column"
        for name, table in self.tables.items():
            for column in table.key_columns:
                yield name, column, f"tables.{name}.key"
            if table.freshness:
                yield name, table.freshness.column, f"tables.{name}.freshness.column"
            for column in table.pii:
                yield name, column, f"tables.{name}.pii"
            if self.tenant and table.carries_tenant and name != self.tenant.table:
                yield name, self.tenant.column_of(name), "tenant.column"

    def conditions(self) -> Iterator[tuple[str, str, str]]:
        """Each (key, table, SQL condition over its rows) that Postgres must understand."""
        for name, table in self.tables.items():
            if table.freshness:
                age = literal(table.freshness.max_age)
                yield f"tables.{name}.freshness.max_age", name, f"{age}::interval is not null"
            if table.deleted:
                yield f"tables.{name}.deleted", name, is_true(table.deleted)
        for position, relationship in enumerate(self.relationships):
            yield from relationship.conditions(f"relationships.{position}")
        for key, rule in self._rules():
            yield from rule.conditions(key)
        for position, business_key in enumerate(self.business_keys):
            yield from self.conditions_of_key(business_key, f"business_keys.{position}.columns")
        for position, workflow in enumerate(self.workflow):
            if workflow.history and workflow.history.table not in self.facts.missing:
                key = f"workflow.{position} ({workflow.name}).history.of"
                yield key, workflow.table, self._leads_to_history(workflow, workflow.history)

    def conditions_of_key(self, rule: BusinessKey, key: str) -> Iterator[tuple[str, str, str]]:
        """What is SQL of a key's columns, as `conditions` has it."""
        for named in rule.columns:
            if not self.is_column(rule.table, named):
                yield key, rule.table, f"({written(named)}) is null"

    def _leads_to_history(self, workflow: Workflow, history: StatusHistory) -> str:
        """That a row has a history: its key and what references it have to compare."""
        (key,) = self.key_of(workflow.table)
        _, own = self.locate(workflow.table)
        relation = ".".join(map(quoted, self.locate(history.table)))
        return (
            f"exists (select from {relation} as counterfoil_step"
            f" where counterfoil_step.{quoted(history.of)} = {quoted(own)}.{quoted(key)})"
        )

    @property
    def tables_in_use(self) -> frozenset[str]:
        """The tables that must have rows."""
        return frozenset(name for name, table in self.tables.items() if table.in_use)

    def declares(self, list_name: str) -> bool:
        """Whether the contract says anything under that key, `structure.columns` for one.

        What follows from it counts as said: `references`, `tenant_relationships`. So does what
        one of its ledgers has: `ledgers.holds`. So does, under `structure`, what the schemas of
        tenants must have.
        """
        pack, _, feature = list_name.partition(".")
        if pack == "ledgers" and feature:
            return any(ledger.declares(feature) for ledger in self.ledgers.values())
        if pack == "structure" and getattr(self.tenant_schemas, feature, None):
            return True
        said: Any = self
        for key in list_name.split("."):
            said = getattr(said, _FIELDS.get(key, key), None)
        return said is not None and said != ()

    @classmethod
    def can_declare(cls, list_name: str) -> bool:
        """Whether `declares` may be asked about that key."""
        key, _, deeper = list_name.partition(".")
        if key == "ledgers" and deeper:
            return deeper in FEATURES
        if key == "structure" and deeper:
            return deeper.split(".")[0] in Structure.model_fields
        return not deeper and (key in cls.model_fields or key in _DERIVED or key in _FIELDS)

    @property
    def tenant_scoped_tables(self) -> tuple[str, ...]:
        """Those of `tables` whose rows name their tenant."""
        if self.tenant is None:
            return ()
        scoped = [name for name, table in self.tables.items() if table.carries_tenant]
        return tuple(name for name in scoped if name != self.tenant.table)

    @property
    def overview(self) -> tuple[str, ...]:
        """The tables whose rows are counted for each tenant: as declared, else those in use."""
        if self.tenant is None:
            return ()
        if self.tenant.overview is not None:
            return self.tenant.overview
        in_use = [name for name in self.tenant_scoped_tables if self.tables[name].in_use]
        return tuple(in_use[:MOST_OF_OVERVIEW])

    @property
    def tenant_relationships(self) -> tuple[Relationship, ...]:
        """The relationships between two tables that both carry the tenant.

        Not those that reference the tenant among their columns: they cannot leave it.
        """
        scoped = set(self.tenant_scoped_tables)
        return tuple(
            relationship
            for relationship in self.all_relationships
            if {relationship.child, relationship.parent} <= scoped
            and not isinstance(relationship, OfOtherTypes)
            and not self._carries_tenant(relationship)
        )

    def _carries_tenant(self, relationship: Relationship) -> bool:
        assert self.tenant is not None
        column_of = self.tenant.column_of
        tenants = column_of(relationship.child), column_of(relationship.parent)
        return tenants in zip(
            relationship.child_columns, self.parent_columns(relationship), strict=True
        )

    @property
    def all_relationships(self) -> tuple[Relationship, ...]:
        """Those that are declared, a polymorphic one as one for each of its types."""
        of_types = (one for reference in self.polymorphic for one in reference.relationships)
        return (*self.relationships, *of_types)

    @property
    def references(self) -> tuple[Relationship, ...]:
        """The references that must resolve: those that are declared, and each to a tenant."""
        if self.tenant is None:
            return self.all_relationships
        tenant = self.tenant
        to_tenants = (
            Relationship(child=name, column=tenant.column_of(name), parent=tenant.table)
            for name in self.tenant_scoped_tables
        )
        return (*self.all_relationships, *to_tenants)

    @property
    def references_of_columns(self) -> tuple[Relationship, ...]:
        """The references of several columns, which may be half null."""
        return tuple(reference for reference in self.references if reference.columns)

    @property
    def references_to_deleted(self) -> tuple[Relationship, ...]:
        """The references to a table whose rows may be deleted, and still be there."""
        return tuple(
            reference
            for reference in self.references
            if self.tables[reference.parent].deleted and not isinstance(reference, OfOtherTypes)
        )

    @property
    def unproven_keys(self) -> tuple[str, ...]:
        """The tables whose declared key is unique by no index, or may be null.

        Where a row lies is no key that two of them can share.
        """
        return tuple(
            name
            for name, table in self.tables.items()
            if table.key_columns != (ROW_PLACE,) and not self._is_proven(name, table)
        )

    def _is_proven(self, name: str, table: Table) -> bool:
        found = (self.facts.tables or {}).get(name)
        is_set = found is None or found.not_null.issuperset(table.key_columns)
        return is_set and self.is_once(name, table.key_columns)

    @property
    def unique_keys(self) -> tuple[str | BusinessKey, ...]:
        """All that no two rows may agree on: business keys, and tables' own."""
        return (*self.business_keys, *self.unproven_keys)

    def unsaid_heirs(self, table: str) -> str | None:
        """Why it is unclear what the table's rows are, and what says so; None if it is clear."""
        only = self.tables[table].only
        if only is not None or not self._reads_heirs(table, only=only):
            return None
        return (
            f"{table}: rows of the tables that inherit from it are read with its own. Say"
            f" tables.{table}.only: true if they are not its rows, false if they are"
        )


def load_contract(project_dir: Path, file: Path | None = None) -> Contract:
    """The contract of `file`, or else that of the user's folder, with the packs of that folder.

    A pack of one's own is asked for by being there: nobody writes checks that are not to be made.

    Args:
        project_dir: the user's folder.
        file: a contract in place of its `contract.yml`, or in a checkout of the dbt project's
            variable.

    Raises:
        ContractError: it is missing, not YAML, not a contract, or asks for a pack that is
            none; names file and key.
    """
    if file is None:
        content, where = _folders_own(project_dir)
    else:
        content, where = read_yaml(file, ContractError), str(file)
    contract = parse_model(Contract, content, where=where, error=ContractError)
    ours, *own = ours_and_own(project_dir, "expectations")
    check_packs(contract.packs, (ours, *own), where=where)
    added = [pack for folder in own for pack in packs_of(folder) if pack not in contract.packs]
    return contract.model_copy(update={"packs": (*contract.packs, *added)}) if added else contract


def contract_of(project_dir: Path) -> Path:
    """The file of a folder's own contract: contract.yml, or dbt's project where that alone is."""
    file, project = project_dir / CONTRACT_FILE, project_dir / "dbt_project.yml"
    return project if project.exists() and not file.is_file() else file


def _folders_own(project_dir: Path) -> tuple[Any, str]:
    """The contract of contract.yml, or the variable of a checkout, and what to call it."""
    file = contract_of(project_dir)
    content = read_yaml(file, ContractError)
    if file.name == CONTRACT_FILE:
        return content, str(file)
    variables = content.get("vars") if isinstance(content, dict) else None
    if not isinstance(variables, dict) or "contract" not in variables:
        raise ContractError(
            f"no variable 'contract', and no {CONTRACT_FILE} beside it",
            where=str(file),
            remedy="Make a folder that has one with `counterfoil init`, or pass --contract FILE",
        )
    return variables["contract"], f"{file}: vars.contract"
