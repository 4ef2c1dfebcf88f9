"""Sending one alert: by apprise, or by a notification block of Prefect's.

No message about a failure holds a part of the recipient's URL: tokens and passwords
are in it, and in some services even what looks like its host is one.
"""

import asyncio
import contextvars
import inspect
import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from urllib.parse import unquote

from counterfoil.alerts.compose import Alert
from counterfoil.alerts.recipients import Recipient
from counterfoil.common.errors import FlowError
from counterfoil.common.prefect_home import settle_prefect
from counterfoil.common.text import one_line

# Apprise writes URLs into its log. What is left of it is what `send` returns.
logging.getLogger("apprise").propagate = False

_MOST_CHARACTERS = 300


def ready(recipient: Recipient) -> None:
    """Imports what notifies a recipient: seconds that are not the recipient's silence."""
    # What fails here fails again as the alert is sent, which says so.
    with suppress(Exception), _Warnings():
        if recipient.prefect_block is not None:
            settle_prefect()
            import prefect.blocks.core  # noqa: F401
        elif recipient.url is not None:
            import apprise

            # Its services are modules, which the first URL has it import.
            apprise.Apprise.instantiate(recipient.url.get_secret_value())


def send(recipient: Recipient, alert: Alert, seconds: float) -> str | None:
    """Sends the alert.

    Args:
        recipient: whom to.
        alert: what.
        seconds: how long to wait for it, once what notifies it is there.

    Returns:
        None if it was taken; else why not, in a line without secrets. One that hangs may
        still be taken later: whoever sends it again sends the same alert_id.
    """
    ready(recipient)
    if recipient.prefect_block is not None:
        return _within(seconds, _by_prefect, recipient.prefect_block, alert)
    url = recipient.url
    if url is None:
        return f"environment variable {recipient.url_env} is not set"
    return _within(seconds, _by_apprise, url.get_secret_value(), alert)


def _within(
    seconds: float, way: Callable[[str, Alert], str | None], address: str, alert: Alert
) -> str | None:
    outcome: Future[str | None] = Future()

    def run() -> None:
        try:
            outcome.set_result(way(address, alert))
        except Exception as cause:
            outcome.set_result(type(cause).__name__)

    # A library that hangs cannot be stopped; a daemon thread at least keeps nobody waiting.
    # The context goes with it, since Prefect finds its server there.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        return f"no answer within {seconds:.0f} s"


def _by_apprise(url: str, alert: Alert) -> str | None:
    # Most nights tell nobody anything, and need not wait for the import.
    import apprise

    asset = apprise.AppriseAsset(
        app_id="Counterfoil",
        app_desc="Counterfoil",
        app_url="",
        # No picture that the reader's program would fetch from elsewhere.
        image_url_mask="",
        image_url_logo="",
    )
    with _Warnings() as warnings:
        sender = apprise.Apprise(asset=asset)
        if not sender.add(url):
            return "its URL is none that apprise knows"
        is_sent = sender.notify(
            title=alert.title,
            body=alert.body,
            notify_type=apprise.NotifyType(alert.tone),
            body_format=apprise.NotifyFormat.TEXT,
        )
    if is_sent:
        return None
    said = redact(one_line("; ".join(warnings.messages)), url)
    return said[:_MOST_CHARACTERS].rstrip(" .") or "not taken, and apprise does not say why"


def _by_prefect(name: str, alert: Alert) -> str | None:
    try:
        settle_prefect()
    except FlowError as error:
        return str(error)
    # Prefect takes seconds to import, and most recipients do without.
    from prefect.blocks.abstract import NotificationBlock
    from prefect.blocks.core import Block

    try:
        block = Block.load(name)
    except ValueError:
        return f"Prefect has no block '{name}'"
    if not isinstance(block, NotificationBlock):
        return f"Prefect's block '{name}' sends no notifications"
    # Without this a block that fails says nothing. What it would say may hold its URL.
    with block.raise_on_failure():
        sending = block.notify(alert.body, alert.title)
        # Declared as a coroutine; Prefect's own blocks are none outside of a loop.
        if inspect.iscoroutine(sending):
            asyncio.run(sending)
    return None


def redact(text: str, url: str) -> str:
    """The text with *** for every part of the URL but its schema.

    Args:
        text: a library's message.
        url: an apprise URL.
    """
    address = url.partition("://")[2]
    parts = {
        part
        for variant in (address, unquote(address))
        for part in re.split(r"[/:@?&=#,;+\s]+", variant)
        if part
    }
    for part in sorted(parts, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "***", text, flags=re.IGNORECASE)
    return text


class _Warnings(logging.Handler):
    """What apprise warns of in this thread, while in the block."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a message of this thread; another's is about another recipient."""
        if record.thread == self._thread:
            self.messages.append(record.getMessage())

    def __enter__(self) -> "_Warnings":
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)
