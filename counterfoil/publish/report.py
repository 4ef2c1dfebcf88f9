"""Every form of an audit's report, published together: HTML, Markdown and JSON."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from counterfoil.audit.findings import Audit
from counterfoil.publish.body import Body
from counterfoil.publish.folder import publish_folder
from counterfoil.publish.html import render_html
from counterfoil.publish.index import SUMMARY, summarize, write_index

_PAGE = "index.html"


def publish_report(body: Body, markdown: str, reports: Path, data_docs: Path | None = None) -> Path:
    """Writes the audit's folder, whole or not at all, and then the index of all folders.

    Args:
        body: what was found, and what the packs show of it.
        markdown: the report in Markdown.
        reports: the folder of all audits.
        data_docs: where Great Expectations' own site is, if it was asked for; it is moved.

    Returns:
        The audit's folder.

    Raises:
        PublishError: it could not be written.
    """
    folders = {"data_docs": data_docs} if data_docs and data_docs.is_dir() else {}
    audit = body.audit
    page = render_html(body, links=_links(audit, reports, has_data_docs=bool(folders)))
    files = {
        _PAGE: page,
        "report.md": markdown,
        "audit.json": audit.model_dump_json(indent=2) + "\n",
        SUMMARY: summarize(audit).model_dump_json() + "\n",
    }
    latest = latest_of(reports, audit.target).name if audit.target else None
    folder = publish_folder(reports, audit.audit_id, files, folders, latest=latest)
    write_index(reports)
    return folder


def latest_of(reports: Path, target: str) -> Path:
    """Where the report of a target's last audit is, if it has one."""
    return reports / re.sub(r"[^\w.-]+", "-", f"latest-{target}")


def report_url(folder: Path, base: str | None) -> str:
    """Where people open an audit's report.

    Args:
        folder: the audit's.
        base: what serves the folder of all audits; None for the file itself.
    """
    if base is None:
        return (folder / _PAGE).absolute().as_uri()
    return f"{base.rstrip('/')}/{quote(folder.name)}/{_PAGE}"


def _links(audit: Audit, reports: Path, *, has_data_docs: bool) -> Mapping[str, str]:
    links = {"json": "audit.json", "markdown": "report.md", "all": f"../{_PAGE}"}
    previous = audit.history and audit.history.previous
    if previous and (reports / previous.audit_id / _PAGE).is_file():
        links["previous"] = f"../{quote(previous.audit_id)}/{_PAGE}"
    if has_data_docs:
        links["data_docs"] = f"data_docs/{_PAGE}"
    return links
