"""Recipients: who is notified of which changes. Read from `alerts.yml` in the project."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from counterfoil.audit.findings import Incident
from counterfoil.common.errors import AlertError
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.contract.contract import Contract
from counterfoil.suites.severities import Severity, badness
from counterfoil.suites.suite import Suite, owners_of

ToldChange = Literal["new", "worsened", "reopened", "resolved"]


# Services that page: each message opens an incident there, and none is given a key by which
# another could end it.
_PAGING_URLS = ("pagerduty", "opsgenie", "pagertree", "splunk", "victorops", "signl4", "spike")
_PAGING_BLOCKS = ("pager-duty-webhook", "opsgenie-webhook")

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
BlockName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[A-Za-z0-9 ._-]+$")]


class Recipient(BaseModel):
    """One recipient. It holds no secret: only where one is to be found.

    Attributes:
        name: what reports, logs and the outbox call it.
        url_env: the environment variable that holds its apprise URL.
        prefect_block: a notification block of Prefect's, as type/name, instead of a URL.
        owners: whose checks it hears of; None for everybody's.
        least_severity: the least severity that it hears of.
        changes: what it hears of.
        remind_after_days: how long an incident may stay open before it is sent again; None
            for never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    url_env: Variable | None = None
    prefect_block: BlockName | None = None
    owners: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    least_severity: Severity = "warning"
    changes: Annotated[tuple[ToldChange, ...], Field(min_length=1)] = (
        "new",
        "worsened",
        "reopened",
        "resolved",
    )
    remind_after_days: Annotated[int, Field(strict=True, ge=1, le=365)] | None = None

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if (self.url_env is None) == (self.prefect_block is None):
            raise ValueError("give either url_env or prefect_block")
        return self

    def hears_of(self, incident: Incident) -> bool:
        """Whether the incident is one of those that it asked for."""
        is_owned = self.owners is None or incident.owner in self.owners
        return is_owned and badness(incident.severity) <= badness(self.least_severity)

    @property
    def url(self) -> SecretStr | None:
        """Its apprise URL as the environment has it now; None where that has none."""
        value = os.environ.get(self.url_env or "", "").strip()
        return SecretStr(value) if value else None

    @property
    def pages(self) -> bool:
        """Whether each message wakes somebody: what asks for nothing is then not sent."""
        if self.prefect_block is not None:
            return self.prefect_block.partition("/")[0] in _PAGING_BLOCKS
        url = self.url
        scheme = url.get_secret_value().partition("://")[0] if url else ""
        return scheme.lower() in _PAGING_URLS


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    recipients: tuple[Recipient, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [recipient.name for recipient in self.recipients]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two recipients are called '{name}'")
        return self


def load_recipients(file: Path) -> tuple[Recipient, ...]:
    """Every recipient of the file; none if it is absent or empty.

    Raises:
        AlertError: it cannot be read, or a key of it cannot mean what it says.
    """
    if not file.exists():
        return ()
    content = read_yaml(file, AlertError)
    if content is None:
        return ()
    return parse_model(_File, content, where=str(file), error=AlertError).recipients


def check_owners(
    recipients: Iterable[Recipient], suites: Iterable[Suite], contract: Contract, file: Path
) -> None:
    """Refuses an owner of no check: its alerts would go nowhere, silently.

    Args:
        recipients: those of the file.
        suites: every suite there is.
        contract: whose rules may have owners of their own.
        file: where they were read from.

    Raises:
        AlertError: names the recipient, and the owners that there are.
    """
    known = owners_of(suites, contract)
    for recipient in recipients:
        for owner in recipient.owners or ():
            if owner not in known:
                raise AlertError(
                    f"recipient '{recipient.name}', key 'owners': no check has owner '{owner}'",
                    where=str(file),
                    remedy=f"Use some of: {', '.join(sorted(known))}",
                )
