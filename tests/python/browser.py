"""A real browser, without a network: Debian's chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

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
        violations = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
            for one in violations
            if one["impact"] in ("serious", "critical")
        ]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; without one the test fails, and says what to install."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is not installed: apt-get install chromium", pytrace=False)
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
    yield seen
    context.close()
