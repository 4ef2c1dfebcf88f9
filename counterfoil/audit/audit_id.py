"""The name of an audit."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints

# It names a folder of the reports: no path leads out of them, or to a hidden file.
AuditId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def new_audit_id() -> str:
    """A name for an audit that sorts by time and is like no other."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
