"""The index of past reports: `reports/index.html`, rewritten after each audit."""

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from counterfoil.audit.findings import Audit, AuditStatus
from counterfoil.common.files import write_whole
from counterfoil.publish.headlines import VERDICTS
from counterfoil.publish.html import environment

log = logging.getLogger(__name__)

SUMMARY = "summary.json"
# Of a target, drawn in a row.
_VERDICTS = 30


class Summary(BaseModel):
    """What the index says of one audit, kept beside its report: audit.json may be large.

    Attributes:
        open_incidents: as people count them; None if the history was not recorded.
        new_incidents: those of them that the audit before did not have.
        packs_left_out: the contract's packs that it was not of.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    audit_id: str
    database: str
    snapshot_at: AwareDatetime
    started_at: AwareDatetime
    finished_at: AwareDatetime
    status: AuditStatus
    check_count: int
    passed_count: int
    open_incidents: int | None
    new_incidents: int | None
    target: str | None = None
    packs_left_out: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The verdict."""
        return VERDICTS[self.status]

    @property
    def seconds(self) -> float:
        """How long the audit took."""
        return (self.finished_at - self.started_at).total_seconds()


class Line(NamedTuple):
    """A folder: its name, where it leads, and what is known of its audit."""

    name: str
    link: str
    summary: Summary | None


def summarize(audit: Audit) -> Summary:
    """An audit, as far as the index shows it."""
    told = audit.history and audit.history.tally
    return Summary(
        **audit.model_dump(
            include={"audit_id", "database", "snapshot_at", "started_at", "finished_at", "status"}
            | {"packs_left_out", "target"}
        ),
        check_count=len(audit.applicable),
        passed_count=sum(check.status == "pass" for check in audit.checks),
        open_incidents=told and told.open,
        new_incidents=told and told.new + told.reopened,
    )


def write_index(reports: Path) -> None:
    """Rewrites the index from what is in the folder, in one step; the newest audit first.

    An audit is not lost when its index cannot be written: that is logged.
    """
    try:
        with _alone(reports):
            template = environment().get_template("reports.html.j2")
            page = template.render(targets=_by_target(_lines(reports)), most=_VERDICTS)
            write_whole(reports / "index.html", page)
    except OSError as cause:
        log.warning("%s: the index could not be rewritten: %s", reports, cause.strerror)


@contextmanager
def _alone(reports: Path) -> Iterator[None]:
    """Of two audits that end together, the later one to write has seen both."""
    with (reports / ".index.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _by_target(lines: Iterable[Line]) -> dict[tuple[str, str | None] | None, list[Line]]:
    """By database and target, the one that was audited last first; under None what is unknown."""
    targets: dict[tuple[str, str | None] | None, list[Line]] = {}
    for line in lines:
        audited = (line.summary.database, line.summary.target) if line.summary else None
        targets.setdefault(audited, []).append(line)
    unknown = targets.pop(None, [])
    return {**targets, **({None: unknown} if unknown else {})}


def _lines(reports: Path) -> list[Line]:
    """Its folders, the newest audit first."""
    lines = []
    with os.scandir(reports) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            folder = reports / entry.name
            has_page = (folder / "index.html").is_file()
            if has_page or (folder / "audit.json").is_file():
                file = "index.html" if has_page else "audit.json"
                lines.append(Line(entry.name, f"{quote(entry.name)}/{file}", _summary(folder)))
    # A folder is named for the time at which its audit began.
    return sorted(lines, key=lambda line: line.name, reverse=True)


def _summary(folder: Path) -> Summary | None:
    """What is known of an audit; None if its files cannot be read, or are of another form."""
    try:
        return Summary.model_validate_json((folder / SUMMARY).read_bytes())
    except (OSError, ValidationError):
        pass
    try:
        # Published before there were summaries.
        return summarize(Audit.model_validate(json.loads((folder / "audit.json").read_bytes())))
    except (OSError, ValueError):
        return None
