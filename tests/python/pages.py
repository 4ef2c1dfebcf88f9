"""What a page shows of a terminal: the commands in it, and what each of them said.

A fenced block without a language is a terminal's. `$ ` begins a command, a prompt of psql's a
statement, and what follows is what was said. The result of a block of SQL is the block after it.
A block of SQL with none after it only has to be taken. `...` stands for anything, and text may be
wrapped anywhere.

Before a block `<!-- run: ... -->` has the command that says what is in it, and
`<!-- not run: ... -->` the reason why there is none.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from processes import counterfoil

_MARK = re.compile(r"<!-- (run|not run): (\S.*?) -->\s*", re.DOTALL)
_PROMPT = re.compile(r"\w+=\*?[#>] ?")
_OF_A_SHELL = re.compile(r"[|<>;&$`]")
# What is installed is not installed anew, from a folder that is gone tomorrow.
_MAKE = 'make() { command make --old-file=install "$@"; }'
_ON_THE_DEMO = 'psql "$(counterfoil demo start)"'

# What differs from run to run.
_PASSING = (
    (re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}"), "AUDIT"),
    # The first run builds the views, and the next one finds them.
    (re.compile(r"Built (\d+) views, and their data tests passed"), r"\1 views"),
    (re.compile(r"Views are up to date: (\d+) of them, none rebuilt"), r"\1 views"),
    (re.compile(r"Alert [0-9a-f]{16}"), "Alert ALERT"),
    # What psql counts of a result.
    (re.compile(r"\(\d+ rows?\)"), ""),
    # A rule is as wide as what it stands over, which may be cut.
    (re.compile(r"-{3,}"), "---"),
    (re.compile(r"\s+"), " "),
)


@dataclass
class Step:
    """A command of a page.

    Attributes:
        line: where it is.
        command: as it is given to a shell.
        typed: the statements that psql is given then.
        said: the lines that the page shows of it.
    """

    line: int
    command: str
    typed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def steps_of(page: Path) -> Iterator[Step]:
    """The commands of a page, in their order.

    Raises:
        AssertionError: a terminal's block begins with no command, and does not say why.
    """
    blocks = [
        token
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8"))
        if token.type in ("fence", "html_block")
    ]
    for before, block, after in zip([None, *blocks], blocks, [*blocks[1:], None], strict=False):
        above = before if before and _follows(before, block) else None
        below = after if after and after.type == "fence" and _follows(block, after) else None
        lines = block.content.splitlines()
        if mark := _MARK.fullmatch(above.content if above else ""):
            kind, command = mark.groups()
            if kind == "run":
                said = [line for line in lines if not line.startswith("$ ")]
                yield Step(_line(block), command, said=said)
        elif block.info == "sql" and not (below and below.info == ""):
            yield Step(_line(block), _ON_THE_DEMO, lines, ["..."])
        elif block.type == "fence" and block.info == "":
            if above and above.info == "sql":
                yield Step(_line(block), _ON_THE_DEMO, above.content.splitlines(), lines)
            else:
                yield from _steps(page, block)


def _follows(before: Token, block: Token) -> bool:
    return (before.map or [0, 0])[1] == (block.map or [0])[0]


def _line(block: Token) -> int:
    return (block.map or [0])[0] + 1


def _steps(page: Path, block: Token) -> Iterator[Step]:
    step: Step | None = None
    lines = iter(enumerate(block.content.splitlines(), _line(block) + 1))
    for number, line in lines:
        if line.startswith("$ "):
            if step:
                yield step
            command = line.removeprefix("$ ")
            while not _is_whole(command):
                command += "\n" + next(lines)[1]
            step = Step(number, command)
        elif prompt := _PROMPT.match(line):
            if not (step and step.command.startswith("psql")):
                if step:
                    yield step
                step = Step(number, _ON_THE_DEMO)
            step.typed.append(line[prompt.end() :])
            while not re.search(r"^\\|;$", step.typed[-1]):
                step.typed.append(next(lines)[1])
        else:
            where = f"{page.name}:{number}"
            assert step, f"{where}: no command. Begin with `$ `, or say why it is not run."
            step.said.append(line)
    if step:
        yield step


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


@dataclass
class Terminal:
    """Where the commands of a page are run, one after the other.

    Attributes:
        folder: the working directory.
        environment: all of the variables.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    _exit_code: int = 0

    def says(self, step: Step) -> str:
        """What it says, on stderr as well."""
        words = shlex.split(step.command)
        if words[0] == "counterfoil" and not _OF_A_SHELL.search(step.command):
            ran = counterfoil(*words[1:], folder=self.folder, environment=self.environment)
            said = ran.stderr + ran.stdout
        else:
            ran = subprocess.run(
                ["bash", "-c", f"{_MAKE}; (exit {self._exit_code}); {step.command}"],
                input="\n".join(step.typed),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                text=True,
                check=False,
                timeout=300,
            )
            said = ran.stdout
        self._exit_code = ran.returncode
        return said


def agrees(shown: str, said: str) -> bool:
    """Whether what a page shows is what was said."""
    parts = re.split(r" ?\.\.\. ?", _settled(shown))
    pattern = ".*?".join(map(re.escape, parts))
    return re.fullmatch(pattern, _settled(said)) is not None


def _settled(text: str) -> str:
    for passing, instead in _PASSING:
        text = passing.sub(instead, text)
    return text.strip()
