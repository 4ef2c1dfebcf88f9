"""Templates of text that is no page: Markdown and SQL, which their own filters quote for."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def text_template(room: str, name: str, **filters: Callable[..., Any]) -> Template:
    """A template of a room's folder `templates`.

    Nothing is escaped: whatever comes from a database goes through one of the filters.

    Args:
        room: the package that has it.
        name: its file.
        filters: by the name that the template gives them.
    """
    environment = Environment(
        loader=PackageLoader(room),
        autoescape=False,  # noqa: S701 - not HTML
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(filters)
    return environment.get_template(name)
