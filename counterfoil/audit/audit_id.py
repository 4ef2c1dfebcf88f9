"""The name of an audit."""

import secrets
from datetime import UTC, datetime


def new_audit_id() -> str:
    """A name for an audit that sorts by time and is like no other."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
