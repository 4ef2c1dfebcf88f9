"""What was found, in the forms that people and the machines of a CI read."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import quote
from xml.etree import ElementTree

from counterfoil.audit.findings import Audit, CheckResult, Finding, fingerprint
from counterfoil.common.text import one_line
from counterfoil.publish.blocks import Item, Items, Section
from counterfoil.publish.body import Body
from counterfoil.publish.choices import Format
from counterfoil.publish.headlines import verdict, worst_first
from counterfoil.publish.markdown import render_markdown
from counterfoil.suites.severities import Severity

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_GITHUB: dict[str, str] = {"critical": "error", "warning": "warning", "info": "notice"}
_SARIF_LEVELS: dict[str, str] = {"critical": "error", "warning": "warning", "info": "note"}
_NOT_JUDGED = ("unknown", "error")


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say.

    Attributes:
        check_id: the check that says it, with its ledger if it is about one.
        level: its severity, or that it could not be judged.
        message: in one sentence.
        file: the file that it is about; None if it is about none.
        line: of that file.
        fix: a command or name to paste; None where none is certain.
        known_by: its fingerprint, the same however the lines of the file move.
    """

    check_id: str
    level: Severity | Literal["unknown", "error"]
    message: str
    file: str | None = None
    line: int = 1
    fix: str | None = None
    known_by: str = ""

    @property
    def place(self) -> str:
        """The file and its line; nothing where there is none."""
        return f"{self.file}:{self.line}:" if self.file else ""

    @property
    def words(self) -> str:
        """What it says on one line, its fix included."""
        return one_line(self.message) + (f" (fix: {one_line(self.fix)})" if self.fix else "")


@dataclass(frozen=True)
class Told:
    """What is printed.

    Attributes:
        body: the audit, and what its packs show.
        lines: its findings, worst first, and what could not be judged.
        read: what was read, to be said before anything else.
    """

    body: Body
    lines: Sequence[Line]
    read: Sequence[str] = ()

    @property
    def audit(self) -> Audit:
        """The audit itself."""
        return self.body.audit


def lines_of(
    audit: Audit,
    unknown: Sequence[Line] = (),
    *,
    below: PurePath | None = None,
) -> list[Line]:
    """A line for each listed finding that nobody accepted, and for each check without a verdict.

    Args:
        audit: what was found.
        unknown: lines about what could not be judged: their checks have no other.
        below: what the files of findings are relative to.
    """
    placed = {line.check_id for line in unknown}
    lines = []
    for check in worst_first(audit.checks):
        lines += [
            _line(check, finding, below) for finding in check.findings if finding.waiver is None
        ]
        more = check.finding_count - len(check.findings)
        if check.status == "fail" and more:
            message = f"and {more:,} more findings, which are not listed"
            lines.append(Line(check.name, check.severity, message))
        if check.status == "error" or (check.status == "unknown" and check.name not in placed):
            lines.append(Line(check.name, check.status, check.detail or check.title))
    return _with_fingerprints([*lines, *unknown])


def _line(check: CheckResult, finding: Finding, below: PurePath | None) -> Line:
    key = {name: value for name, value in finding.key.items() if name != "line"}
    file = finding.key.get("file") or finding.observed.get("file")
    line = str(finding.key.get("line") or finding.observed.get("line") or "")
    # The place is shown once, by whatever form this takes.
    message = finding.message.removeprefix(f"{file}:{line}: ")
    place = None if file is None else (below / file).as_posix() if below else str(file)
    return Line(
        *(check.name, finding.severity, message, place),
        line=int(line) if line.isdecimal() else 1,
        fix=finding.observed.get("fix"),
        known_by=fingerprint(check.check_id, key),
    )


def _with_fingerprints(lines: Sequence[Line]) -> list[Line]:
    """The lines, each with a fingerprint of its own: of several alike, it has their number."""
    seen: Counter[str] = Counter()
    told = []
    for line in lines:
        key = {"file": line.file, "message": line.message}
        known_by = line.known_by or fingerprint(line.check_id, key)
        seen[known_by] += 1
        number = f":{seen[known_by]}" if seen[known_by] > 1 else ""
        told.append(replace(line, known_by=known_by + number))
    return told


def render(told: Told, form: Format) -> str:
    """The outcome in one of the forms; each says first what was read."""
    renderers: dict[Format, Callable[[Told], str]] = {
        "text": _text,
        "json": _json,
        "junit": _junit,
        "github": _github,
        "sarif": _sarif,
        "markdown": _markdown,
    }
    return renderers[form](told)


def _text(told: Told) -> str:
    """A line each, as compilers write theirs."""
    said = []
    for line in told.lines:
        place = line.place or f"{told.audit.database}:"
        said.append(f"{one_line(place)} {line.level}: {one_line(line.message)} [{line.check_id}]")
        said += [f"  fix: {one_line(line.fix)}"] if line.fix else []
    return "\n".join([*map(one_line, told.read), *said, verdict(told.audit)])


def _json(told: Told) -> str:
    content = told.audit.model_dump(mode="json")
    content["read"] = told.read
    content["unknown"] = [
        {"check_id": line.check_id, "file": line.file, "line": line.line, "message": line.message}
        for line in told.lines
        if line.level == "unknown"
    ]
    content["fixes"] = {line.known_by: line.fix for line in told.lines if line.fix}
    return json.dumps(content, indent=2, ensure_ascii=False)


def _github(told: Told) -> str:
    """Workflow commands: https://docs.github.com/actions/reference/workflow-commands"""
    said = [one_line(line) for line in told.read]
    for line in told.lines:
        level = _GITHUB.get(line.level, "error")
        place = f"file={_property(line.file)},line={line.line}," if line.file else ""
        title = _property(f"{line.check_id} ({line.level})")
        said.append(f"::{level} {place}title={title}::{_data(line.words)}")
    return "\n".join([*said, one_line(verdict(told.audit))])


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _junit(told: Told) -> str:
    """A test case is a check: https://github.com/testmoapp/junitxml has what tools read."""
    audit = told.audit
    cases = [_case(check, told.lines) for check in audit.checks]
    counts = {
        name: str(sum(case.find(tag) is not None for case in cases))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    seconds = (audit.finished_at - audit.started_at).total_seconds()
    about = {
        "name": _xml(f"counterfoil {audit.database}"),
        "tests": str(len(cases)),
        "timestamp": f"{audit.started_at:%Y-%m-%dT%H:%M:%S}",
        "time": f"{seconds:.3f}",
    }
    suite = ElementTree.Element("testsuite", about | counts)
    properties = ElementTree.SubElement(suite, "properties")
    for read in told.read:
        ElementTree.SubElement(properties, "property", name="read", value=_xml(read))
    suite.extend(cases)
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    ElementTree.indent(whole)
    return ElementTree.tostring(whole, encoding="unicode", xml_declaration=True)


def _case(check: CheckResult, lines: Sequence[Line]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname="counterfoil", name=check.name)
    case.set("time", f"{check.seconds or 0:.3f}")
    own = [line for line in lines if line.check_id == check.name]
    if check.status in ("waived", "not applicable"):
        ElementTree.SubElement(case, "skipped", message=check.status)
    elif check.status != "pass":
        tag = "failure" if check.status == "fail" else "error"
        kind = check.severity if check.status == "fail" else check.status
        shown = check.detail or check.title
        said = ElementTree.SubElement(case, tag, type=kind, message=_xml(shown))
        said.text = "\n".join(_xml(f"{line.place} {line.words} [{line.known_by}]") for line in own)
    return case


def _xml(text: str) -> str:
    """The text without the two characters that one line can hold, and XML cannot."""
    return one_line(text).translate({0xFFFE: None, 0xFFFF: None})


def _sarif(told: Told) -> str:
    rules = [_rule(check) for check in told.audit.checks]
    run = {
        "tool": {"driver": {"name": "counterfoil", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(line) for line in told.lines],
        "properties": {"read": told.read},
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.name,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": check.remedy},
        "defaultConfiguration": {"level": _SARIF_LEVELS[check.severity]},
    }


def _result(line: Line) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": line.check_id,
        "level": _SARIF_LEVELS.get(line.level, "none"),
        "message": {"text": line.words},
        "partialFingerprints": {"counterfoil/v1": line.known_by},
    }
    if line.level in _NOT_JUDGED:
        result["kind"] = "open"
    if line.file:
        place = {
            "artifactLocation": {"uri": quote(line.file)},
            "region": {"startLine": max(line.line, 1)},
        }
        result["locations"] = [{"physicalLocation": place}]
    return result


def _markdown(told: Told) -> str:
    """The report; places and fixes of findings, and what is unknown, are a section of it."""
    return render_markdown(
        Body(told.audit, (*told.read, *told.body.facts), (*_places(told), *told.body.sections))
    )


def _places(told: Told) -> Iterator[Section]:
    items = tuple(
        Item(f"{line.place} {line.words}", line.level, line.check_id)
        for line in told.lines
        if line.file
    )
    if items:
        yield Section("places", "By file", (Items(items),))
