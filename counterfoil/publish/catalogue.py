"""The catalogue of checks: `make catalogue` writes docs/checks.md from the suites."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from counterfoil.common.errors import SuiteError
from counterfoil.common.settings import Settings
from counterfoil.common.templates import text_template
from counterfoil.common.yamlfile import read_yaml
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.suites.own_checks import OWN_CHECKS
from counterfoil.suites.suite import Check, Evidence, Suite, load_suites


@dataclass(frozen=True)
class Entry:
    """One check of the catalogue.

    Attributes:
        suite: the suite it belongs to.
        check: the check.
        fault: SQL that makes it fail, its fixture's first case; None while it has none.
        files: what makes it fail, by file name, where it judges files.
    """

    suite: Suite
    check: Check
    fault: str | None
    files: Mapping[str, str]

    @property
    def view(self) -> str:
        """The view asserted over, with its schema."""
        return f"{PUBLIC_SCHEMA}.{self.suite.relation}"

    @property
    def evidence(self) -> Evidence:
        """Where its findings are listed."""
        return self.suite.evidence_of(self.check)

    @property
    def arguments(self) -> str:
        """The expectation's arguments besides its column, as the suite's YAML has them."""
        kwargs = self.check.expectation.kwargs
        return ", ".join(
            f"{name}: {_flow(value)}" for name, value in kwargs.items() if name != "column"
        )


def catalogue(suites: Sequence[Suite], faults_dir: Path) -> str:
    """The catalogue, as the text of docs/checks.md.

    Args:
        suites: every suite there is.
        faults_dir: the folder of the fixtures, each named for the check that its cases break;
            those of checks that judge files are in `migrations` beside it.

    Raises:
        SuiteError: a fixture cannot be read, or breaks nothing.
    """
    template = text_template("counterfoil.publish", "checks.md.j2", anchor=_anchor)
    return template.render(packs=_by_pack(suites, faults_dir), own=OWN_CHECKS, schema=PUBLIC_SCHEMA)


def _by_pack(suites: Sequence[Suite], faults_dir: Path) -> dict[str, list[Entry]]:
    """The checks of each pack, packs and checks by name."""
    entries = sorted(_entries(suites, faults_dir), key=lambda entry: entry.check.check_id)
    packs: dict[str, list[Entry]] = {pack: [] for pack in sorted({suite.pack for suite in suites})}
    for entry in entries:
        packs[entry.suite.pack].append(entry)
    return packs


def _entries(suites: Sequence[Suite], faults_dir: Path) -> Iterator[Entry]:
    for suite in suites:
        for check in suite.checks:
            fixture = f"{check.check_id}.yml"
            files = _files(faults_dir.with_name("migrations") / fixture)
            yield Entry(suite, check, _fault(faults_dir / fixture), files)


def _files(fixture: Path) -> Mapping[str, str]:
    files = _broken(fixture) if fixture.is_file() else {}
    if not isinstance(files, dict):
        raise SuiteError(
            "key 'break' is no list of files", where=str(fixture), remedy="List its files"
        )
    return files


def _fault(fixture: Path) -> str | None:
    if not fixture.is_file():
        return None
    statement = _broken(fixture)
    if not isinstance(statement, str) or not statement.strip():
        raise SuiteError(
            "key 'break' is not a statement", where=str(fixture), remedy="Write one, in SQL"
        )
    return statement.strip()


def _broken(fixture: Path) -> object:
    """What the first case of a fixture breaks."""
    cases = read_yaml(fixture, SuiteError)
    first = next(iter(cases.values()), None) if isinstance(cases, dict) else None
    return first.get("break") if isinstance(first, dict) else None


def _flow(value: object) -> str:
    """A value as YAML has it on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")


def _anchor(heading: str) -> str:
    """What a heading is linked by: GitHub keeps letters, digits, dashes and underscores."""
    return "".join(letter for letter in heading if letter.isalnum() or letter in "-_")


if __name__ == "__main__":
    project = Settings().project_dir
    print(catalogue(load_suites(project / "expectations"), project / "tests" / "faults"), end="")
