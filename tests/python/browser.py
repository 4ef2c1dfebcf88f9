"""A real browser, without a network: one that is installed, driven by Playwright.

A plugin of pytest as well, for machines that have none: the tests that need one are then
left out, and the last lines of the run say so; with `--browser=required` nothing is run.
"""

import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

# All of them are Chromium's, under the names that packages and vendors give them.
_PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
)
# Where macOS has them, in /Applications or in that of the user.
_MACOS_PROGRAMS = tuple(
    folder / f"{name}.app/Contents/MacOS/{name}"
    for name in ("Chromium", "Google Chrome", "Microsoft Edge")
    for folder in (Path("/Applications"), Path.home() / "Applications")
)
_NONE = "no browser is installed: neither Chromium, nor Chrome, nor Edge"
_INSTALL = "apt-get install chromium"

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Opened:
    """A page, and what happened while it was open.

    Attributes:
        page: it.
        console: what it said there, errors and refusals of its policy included.
        requests: everything it asked for besides itself.
        dialogs: what it had shown, had a script of it run.
    """

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What a reader sees, its white space collapsed."""
        return " ".join(self.page.inner_text("body").split())

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to in the page."""
        return self.page.evaluate(expression)

    def faults(self) -> list[str]:
        """What axe-core finds that is serious or critical."""
        # The nodes that pass are not described one by one: that is half of its time.
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response
        return [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--browser",
        choices=("optional", "required"),
        default="optional",
        help="required: without a browser nothing is run, rather than all that needs none",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--browser") == "required" and find_browser() is None:
        raise pytest.UsageError(f"{_NONE} ({_INSTALL})")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """After the summary of all that was skipped, where it is not overlooked."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    if left_out := sum(_NONE in str(report.longrepr) for report in skipped):
        terminalreporter.section("browser", yellow=True)
        terminalreporter.line(f"{_NONE}.")
        tests = "test that needs one was" if left_out == 1 else "tests that need one were"
        terminalreporter.line(f"{left_out} {tests} left out; to run them: {_INSTALL}")


def find_browser() -> str | None:
    """The path of an installed browser that Playwright can drive; None if there is none."""
    found = (shutil.which(program) for program in (*_PROGRAMS, *map(str, _MACOS_PROGRAMS)))
    return next(filter(None, found), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; without one the test is skipped."""
    path = find_browser()
    if path is None:
        pytest.skip(_NONE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, file: Path, *, width: int = 1280, scheme: Any = "light"
) -> Iterator[Opened]:
    """A file in a window of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    seen = Opened(page)
    url = file.as_uri()
    page.on("console", lambda message: seen.console.append(message.text))
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
    page.on(
        "request",
        lambda request: request.url == url or seen.requests.append(request.url),
    )
    page.goto(url)
    # What holds is folded: a reader has only to click.
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    yield seen
    context.close()


# `.ci/run` asks whether it has to install one.
if __name__ == "__main__":
    sys.exit(0 if find_browser() else 1)
