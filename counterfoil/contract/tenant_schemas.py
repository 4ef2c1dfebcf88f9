"""The contract's part `schemas`: tenants that have a schema each, all with the same tables."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

from counterfoil.contract.clauses import Clause, Name, matches
from counterfoil.contract.structure import Expected, TableGroup

# What each schema is held to, key by key.
_LISTS = ("columns", "foreign_keys", "indexes", "constraints", "triggers")


class ListedSchemas(Clause):
    """The column that names the schema of each tenant, in a table of `tables`."""

    table: Name
    column: Name


class TenantSchemas(Expected):
    """The schemas of tenants, and what must be in each: here a bare name is of that schema.

    `like` is a pattern of SQL's LIKE; the contract's own schemas are none of a tenant.
    """

    like: Name
    of: ListedSchemas
    tables: tuple[TableGroup, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_what_it_speaks_of(self) -> Self:
        """So that what a missing table should have is not missing once more."""
        globs = [name for group in self.tables for name in group.names]
        for list_name in _LISTS:
            for position, clause in enumerate(getattr(self, list_name)):
                if not any(matches(glob, clause.table) for glob in globs):
                    raise ValueError(
                        f"{list_name}.{position}.table: '{clause.table}' is none of schemas.tables"
                    )
        return self

    def in_each(self, own_schemas: tuple[str, ...]) -> dict[str, Any]:
        """What each schema must have, by list, as views unfold it.

        Args:
            own_schemas: the contract's; a foreign key to one of their tables says so by its name.

        Returns:
            The lists as declared; of a foreign key to a table of the same schema `within`.
        """
        said = self.model_dump(mode="json", exclude_none=True, exclude={"like", "of"})
        return {name: items for name, items in said.items() if items} | {
            "foreign_keys": [*self._foreign_keys(own_schemas)]
        }

    def _foreign_keys(self, own_schemas: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for key in self.foreign_keys:
            said = key.model_dump(mode="json", exclude_none=True)
            schema, _, name = key.references.partition(".")
            if name and schema in own_schemas:
                # As the contract calls it elsewhere.
                yield said | ({"references": name} if schema == own_schemas[0] else {})
            else:
                yield said | {"within": True}
