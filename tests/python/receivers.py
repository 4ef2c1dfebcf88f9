"""Receivers of alerts on the loopback interface: a webhook and a mail server, for real."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from servers import free_port


@dataclass
class Webhook:
    """A webhook that keeps what it was sent.

    Attributes:
        port: where it listens.
        status: what it answers.
        seconds: how long it takes to.
        before_answering: what it does first.
        messages: the JSON of each request that it took.
    """

    port: int
    status: int = 200
    seconds: float = 0
    before_answering: Callable[[], None] = lambda: None
    messages: list[dict[str, Any]] = field(default_factory=list)

    def url(self, credentials: str = "", path: str = "") -> str:
        """Its address as apprise has it."""
        return f"json://{credentials}{'@' if credentials else ''}127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        """Of each alert once: one whose answer came too late is sent again, with the same id."""
        alerts = zip(self.alert_ids, self.messages, strict=True)
        return [message["title"] for message in dict(alerts).values()]

    @property
    def alert_ids(self) -> list[str]:
        """The last word of each message."""
        return [message["message"].split()[-1] for message in self.messages]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that listens while in the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.messages.append(json.loads(body))
            receiver.before_answering()
            time.sleep(receiver.seconds)
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Webhook(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mailbox() -> Iterator[tuple[int, list[EmailMessage]]]:
    """A mail server's port, and what it was sent."""
    mails: list[EmailMessage] = []

    class Handler:
        async def handle_DATA(  # noqa: N802 - aiosmtpd's name
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            return "250 OK"

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port, mails
    finally:
        controller.stop()
