"""Checks that once had another id: `renamed_checks.yml` says which, and what their keys became."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from yaml import safe_load

_FILE = Path(__file__).with_suffix(".yml")
# A word of a key that is itself, and no column of the old key.
_ITSELF = "="


@dataclass(frozen=True)
class Renamed:
    """What became of a check.

    Attributes:
        check_id: its id now.
        columns: by name of the key now, the name of the old key's value, or a word after `=`.
    """

    check_id: str
    columns: Mapping[str, str]

    def key(self, old: Mapping[str, str | None]) -> dict[str, str | None]:
        """A finding's key now; that of too many to be followed singly is as it was."""
        if old.keys() == {"followed"}:
            return dict(old)
        return {
            name: value[1:] if value.startswith(_ITSELF) else old.get(value)
            for name, value in self.columns.items()
        }


@cache
def renamed_checks() -> Mapping[str, Renamed]:
    """By their old ids, the checks that have another one now."""
    content = safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        old: Renamed(check["now"], content["keys"][check["key"]])
        for old, check in content["checks"].items()
    }
