"""Ids in sentences, as a reader reads them: a tenant's name, or the letters that tell it apart."""

import re
from collections.abc import Iterator, Mapping

from counterfoil.audit.findings import Audit
from counterfoil.publish.forms import text

_UUID = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
# Of a long id, and whether it is long.
_LETTERS = 8
_LONG = 12


def tenant_names(audit: Audit) -> dict[str, str]:
    """By tenant its name, as far as a pack's rows say it."""
    rows = audit.sections.get("tenants", [])
    return {row["tenant_id"]: row["tenant_label"] for row in rows if row["tenant_label"]}


def shortened(id_: str, names: Mapping[str, str]) -> str:
    """The name of an id, or eight of its letters that say something."""
    if id_ in names:
        return text(names[id_])
    if len(id_) <= _LONG:
        return id_
    begins_alike = len({*id_[:_LETTERS]}) == 1
    # Made-up ids often begin with zeros.
    return f"…{id_[-_LETTERS:]}" if begins_alike else f"{id_[:_LETTERS]}…"


def with_ids(sentence: str, names: Mapping[str, str]) -> str:
    """A sentence of the database's with its UUIDs shortened; those of tenants are their names."""
    told = (shortened(one, names) if is_id else one for one, is_id in pieces(sentence))
    return "".join(told)


def pieces(sentence: str) -> Iterator[tuple[str, bool]]:
    """The sentence in pieces, each with whether it is a UUID."""
    return ((piece, place % 2 == 1) for place, piece in enumerate(_UUID.split(sentence)))
