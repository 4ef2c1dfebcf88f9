"""The packs: the families of checks that a contract may ask for."""

from typing import Literal

Pack = Literal["capacity", "tenancy", "integrity", "migrations", "schema", "health"]
