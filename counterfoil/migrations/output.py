"""What came of a folder of migrations, in the forms that people and machines read."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import quote

from counterfoil.audit.findings import Audit, CheckResult, Finding
from counterfoil.common.text import one_line
from counterfoil.migrations.choices import Format
from counterfoil.migrations.suppressions import UnknownRow
from counterfoil.migrations.workspace import JudgedFolder
from counterfoil.publish.headlines import verdict, worst_first
from counterfoil.suites.severities import Severity

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
# How many of a folder's files that were not read are named.
_NAMED = 3
_GITHUB: dict[str, str] = {"critical": "error", "warning": "warning", "info": "notice"}
_SARIF_LEVELS: dict[str, str] = {"critical": "error", "warning": "warning", "info": "note"}


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say of a place in a file; a check in error has no place."""

    check_id: str
    level: Severity | Literal["unknown", "error"]
    file: str | None
    line: int
    message: str


def render(judged: JudgedFolder, folder: Path, form: Format) -> str:
    """The outcome in one of the forms; each says first what was read, and by which tool's rules.

    Args:
        judged: whose findings name their files relative to `folder`.
        folder: as the user named it, so that a click on a path finds the file.
    """
    renderers: dict[Format, Callable[[JudgedFolder, list[str], list[Line]], str]] = {
        "text": _text,
        "json": _json,
        "github": _github,
        "sarif": _sarif,
    }
    lines = list(_lines(judged.audit, judged.unknown, folder))
    return renderers[form](judged, list(_read(judged, folder)), lines)


def _read(judged: JudgedFolder, folder: Path) -> Iterator[str]:
    for reading in judged.readings:
        said = f"Read {_path(folder, reading.folder)} ({reading.layout}): "
        said += f"{reading.file_count:,} files"
        if reading.not_read:
            first, rest = reading.not_read[:_NAMED], len(reading.not_read) - _NAMED
            said += f"; not read: {', '.join(first)}" + (f" and {rest:,} more" if rest > 0 else "")
        yield said
    for left in judged.left_out:
        why = f"for {left.tool}" if left.is_other_database else f"of {left.tool}, not supported"
        yield f"Not read {_path(folder, left.folder)}: {left.file_count:,} files {why}"


def _lines(audit: Audit, unknown: Sequence[UnknownRow], folder: Path) -> Iterator[Line]:
    for check in worst_first(audit.checks):
        for finding in check.findings:
            file, line = _place(finding)
            # The place is shown once, by whatever form this takes.
            message = finding.message.removeprefix(f"{file}:{line}: ")
            yield Line(check.check_id, finding.severity, _path(folder, file), line, message)
        if check.status == "error":
            yield Line(check.check_id, "error", None, 1, check.detail or "")
    for row in unknown:
        yield Line(row.check_id, "unknown", _path(folder, row.file), row.line, row.message)


def _place(finding: Finding) -> tuple[str | None, int]:
    file = finding.key.get("file") or finding.observed.get("file")
    line = finding.key.get("line") or finding.observed.get("line") or 1
    return (None if file is None else str(file)), int(line)


def _path(folder: Path, file: str | None) -> str | None:
    return None if file is None else str(PurePosixPath(folder.as_posix()) / file)


def _text(judged: JudgedFolder, read: list[str], lines: list[Line]) -> str:
    said = [
        f"{line.file or judged.audit.database}:{line.line}: {line.level}: {one_line(line.message)}"
        f" [{line.check_id}]"
        for line in lines
    ]
    return "\n".join([*map(one_line, read), *said, verdict(judged.audit)])


def _json(judged: JudgedFolder, read: list[str], lines: list[Line]) -> str:
    content = judged.audit.model_dump(mode="json")
    content["read"] = read
    content["unknown"] = [
        {
            "check_id": line.check_id,
            "file": line.file,
            "line": line.line,
            "message": line.message,
        }
        for line in lines
        if line.level == "unknown"
    ]
    return json.dumps(content, indent=2, ensure_ascii=False)


def _github(judged: JudgedFolder, read: list[str], lines: list[Line]) -> str:
    """Workflow commands: https://docs.github.com/actions/reference/workflow-commands"""
    said = [one_line(line) for line in read]
    for line in lines:
        level = _GITHUB.get(line.level, "error")
        place = f"file={_property(line.file)},line={line.line}," if line.file else ""
        title = _property(f"{line.check_id} ({line.level})")
        said.append(f"::{level} {place}title={title}::{_data(line.message)}")
    return "\n".join([*said, one_line(verdict(judged.audit))])


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(judged: JudgedFolder, read: list[str], lines: list[Line]) -> str:
    rules = [_rule(check) for check in judged.audit.checks]
    results = [_sarif_result(line) for line in lines]
    tool = {"driver": {"name": "counterfoil", "rules": rules}}
    run = {
        "tool": tool,
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"read": read},
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.check_id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": check.remedy},
        "defaultConfiguration": {"level": _SARIF_LEVELS[check.severity]},
    }


def _sarif_result(line: Line) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": line.check_id,
        "level": _SARIF_LEVELS.get(line.level, "error"),
        "message": {"text": one_line(line.message)},
    }
    if line.level in ("unknown", "error"):
        result["kind"] = "open"
        result["level"] = "none"
    if line.file:
        place = {
            "artifactLocation": {"uri": _uri(line.file)},
            "region": {"startLine": max(line.line, 1)},
        }
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(file: str) -> str:
    return quote(file)
