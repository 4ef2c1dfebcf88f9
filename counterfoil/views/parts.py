"""A view in several parts: what one statement may touch is bounded (macros/in_parts.sql)."""

from collections.abc import Container
from itertools import count, takewhile

# What stands between the parts of a model, as macros/next_part.sql writes it.
SEPARATOR = "union all -- next part"


def name_of_part(relation: str, number: int) -> str:
    """The view of the first, second, ... part: the first has the relation's own name."""
    return relation if number == 1 else f"{relation}__{number}"


def parts_of(relation: str, standing: Container[str]) -> list[str]:
    """The views that a relation is made of, of those that stand: itself, if in one part.

    Args:
        relation: a view of ours, or a query in parentheses, which has no parts.
        standing: the names of all views, with a schema if the relation has one.
    """
    further = (name_of_part(relation, number) for number in count(2))
    return [relation, *takewhile(lambda name: name in standing, further)]
