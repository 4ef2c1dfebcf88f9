"""The contract's part `structure`: what the catalog must look like (pack schema)."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, StrictBool, model_validator

from counterfoil.contract.clauses import Clause, Name, is_glob, twice

Tier = Literal["critical", "important", "supporting"]
Command = Literal["select", "insert", "update", "delete"]
Privilege = Literal[
    "select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"
]
DeleteRule = Literal["no action", "restrict", "cascade", "set null", "set default"]


class TableGroup(Clause):
    """Tables that must exist, with how much their absence matters. Names may be globs."""

    tier: Tier
    module: Name | None = None
    names: tuple[Name, ...] = Field(min_length=1)


class ExpectedColumn(Clause):
    """A column that must exist; its type as `format_type` says it."""

    table: Name
    column: Name
    type: Name | None = None
    nullable: StrictBool | None = None


class ForeignKey(Clause):
    """A foreign key that must exist, by its columns. No rule means that any will do."""

    table: Name
    columns: tuple[Name, ...] = Field(min_length=1)
    references: Name
    on_delete: DeleteRule | None = None


class Index(Clause):
    """A valid index that must exist: an unconditional one with these key columns in this order,
    or whatever it is by its name.
    """

    table: Name
    columns: tuple[Name, ...] | None = Field(default=None, min_length=1)
    name: Name | None = None
    unique: StrictBool = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.columns is None) == (self.name is None):
            raise ValueError("give either columns or name")
        return self


class Constraint(Clause):
    """A unique key, by its columns in any order; a check or an exclusion, by its name."""

    table: Name
    unique: tuple[Name, ...] | None = Field(default=None, min_length=1)
    check: Name | None = None
    exclude: Name | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if [self.unique, self.check, self.exclude].count(None) != 2:
            raise ValueError("give unique, its columns, or check or exclude, its name")
        return self


class Trigger(Clause):
    """A trigger that must exist and fire."""

    table: Name
    name: Name


class Policy(Clause):
    """A policy of row security that must exist, for that command (`all`), permissive or not."""

    table: Name
    name: Name
    command: Literal["all"] | Command | None = None
    restrictive: StrictBool = False


class Privileges(Clause):
    """What a role may do with tables, by name or glob; `public` is everybody.

    Of a role that several of them name, all count; what none allows it, it may not.
    """

    role: Name
    tables: tuple[Name, ...] = Field(default=("*",), min_length=1)
    may: tuple[Privilege, ...] = ()


class Probe(Clause):
    """Rows that a role must see none of: those that `own_rows` does not hold for, or any.

    `settings` are set for the probe's transaction, as the application's sessions have them. Of
    `roles` each is tried. `commands` besides `select` are not run: the policies for them are
    asked about the role's own rows as they would be with the values of `other_rows`, another's.
    """

    name: Name
    role: Name | None = None
    roles: tuple[Name, ...] = ()
    table: Name
    settings: dict[Name, str] = Field(default_factory=dict)
    own_rows: Name | None = None
    commands: tuple[Command, ...] = Field(default=("select",), min_length=1)
    other_rows: dict[Name, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_tried(self) -> Self:
        if bool(self.role) == bool(self.roles):
            raise ValueError("give either role or roles")
        writes = self.commands != ("select",)
        if writes and not (self.own_rows and self.other_rows):
            raise ValueError("commands besides select need own_rows, and other_rows")
        if self.other_rows and not writes:
            raise ValueError("other_rows are for commands besides select")
        return self

    @property
    def singly(self) -> Iterator["Probe"]:
        """A probe of each role and each command; the name tells them apart."""
        for role in (self.role,) if self.role else self.roles:
            of_role = f" for {role}" if self.roles else ""
            for command in self.commands:
                of_command = "" if command == "select" else f" ({command})"
                yield self.model_copy(
                    update={
                        "name": f"{self.name}{of_role}{of_command}",
                        "role": role,
                        "roles": (),
                        "commands": (command,),
                    }
                )


class RowSecurity(Clause):
    """Which tables must be walled by row security, and what a policy must speak of.

    A stranger is a role that sees no row of any of those tables while nothing is set. Visitors are
    roles that come from outside: every table of a schema that one of them may use is one of those
    tables, but for schemas that the platform provides. What is shared is shown to everybody.
    """

    required: tuple[Name, ...] = ("*",)
    owner_columns: tuple[Name, ...] = ()
    trusted_roles: tuple[Name, ...] = ()
    application_roles: tuple[Name, ...] = ()
    strangers: tuple[Name, ...] = ()
    visitors: tuple[Name, ...] = ()
    provided_schemas: tuple[Name, ...] = ()
    shared: tuple[Name, ...] = ()
    probes: tuple[Probe, ...] = ()

    @model_validator(mode="after")
    def _probes_have_names(self) -> Self:
        if doubled := twice(one.name for probe in self.probes for one in probe.singly):
            raise ValueError(f"probe '{doubled}' is declared twice")
        return self


class Expected(Clause):
    """What must be there."""

    tables: tuple[TableGroup, ...] = ()
    columns: tuple[ExpectedColumn, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    triggers: tuple[Trigger, ...] = ()

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        said = {
            "tables": (name for group in self.tables for name in group.names),
            "columns": (f"{column.table}.{column.column}" for column in self.columns),
            "foreign_keys": (
                f"{key.table} ({', '.join(sorted(key.columns))})" for key in self.foreign_keys
            ),
            "triggers": (f"{trigger.name} of {trigger.table}" for trigger in self.triggers),
        }
        for list_name, names in said.items():
            if doubled := twice(names):
                raise ValueError(f"key '{list_name}': '{doubled}' is declared twice")
        return self

    def tables_mentioned(self) -> Iterator[tuple[str, str]]:
        """Each (table or glob, contract key)."""
        for position, group in enumerate(self.tables):
            for name in group.names:
                yield name, f"tables.{position}.names"
        for position, foreign_key in enumerate(self.foreign_keys):
            yield foreign_key.references, f"foreign_keys.{position}.references"
        for list_name in ("columns", "foreign_keys", "indexes", "constraints", "triggers"):
            for position, clause in enumerate(getattr(self, list_name)):
                yield clause.table, f"{list_name}.{position}.table"


class Structure(Expected):
    """What the catalog must look like."""

    references_allowed: dict[Name, tuple[Name, ...]] | None = None
    ledgers: tuple[Name, ...] = ()
    tenant_in_keys: StrictBool = False
    row_security: RowSecurity | None = None
    policies: tuple[Policy, ...] = ()
    privileges: tuple[Privileges, ...] = ()
    timestamps: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _names_a_policy_once(self) -> Self:
        if doubled := twice(f"{policy.name} of {policy.table}" for policy in self.policies):
            raise ValueError(f"key 'policies': '{doubled}' is declared twice")
        return self

    def tables_mentioned(self) -> Iterator[tuple[str, str]]:
        """Each (table or glob, contract key)."""
        yield from super().tables_mentioned()
        for position, policy in enumerate(self.policies):
            yield policy.table, f"policies.{position}.table"
        for position, allowed in enumerate(self.privileges):
            for name in allowed.tables:
                yield name, f"privileges.{position}.tables"
        for name in self.ledgers:
            yield name, "ledgers"
        if self.row_security:
            for name in self.row_security.required:
                yield name, "row_security.required"
            for name in self.row_security.shared:
                yield name, "row_security.shared"
            for position, probe in enumerate(self.row_security.probes):
                yield probe.table, f"row_security.probes.{position}.table"

    def schemas_mentioned(self) -> Iterator[str]:
        """Each schema that the map of references names."""
        for schema, allowed in (self.references_allowed or {}).items():
            yield from (schema, *allowed)


def names_only(mentioned: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Of (name, key) pairs those that name one table, not a pattern."""
    return (pair for pair in mentioned if not is_glob(pair[0]))
