"""The audit as a Markdown report, laid out like the hand-written one it replaces."""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from counterfoil.findings import Audit
from counterfoil.publish.words import headlines, verdict, worst_first
from counterfoil.text import printable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")

_MARKS = {"pass": "✅", "fail": "🔴", "waived": "⚪", "error": "⛔", "unknown": "❔"}


def render_markdown(audit: Audit) -> str:
    """The report. Text from the database appears as text, whatever markup it holds."""
    environment = Environment(
        loader=PackageLoader("counterfoil.publish"),
        autoescape=False,  # noqa: S701 - not HTML; `text` escapes Markdown and HTML both
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(text=plain, signed=_signed, mark=_MARKS.__getitem__)
    return environment.get_template("report.md.j2").render(
        audit=audit,
        verdict=verdict(audit),
        headlines=headlines(audit),
        checks=worst_first(audit.checks),
        sections=audit.sections,
    )


def plain(value: Any) -> str:
    """A value that Markdown shows as it is: on one line, its markup escaped."""
    if value is None:
        return "–"
    return _MARKUP.sub(r"\\\1", printable(str(value)))


def _signed(value: int | None) -> str:
    return "unknown" if value is None else f"{value:+,}" if value else "0"
