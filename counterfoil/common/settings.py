"""What an operator may set, by environment variable, without touching a file."""

import os
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.common.errors import SettingsError
from counterfoil.common.folders import here, ours_and_own, product_of


class Settings(BaseSettings):
    """Operator's settings; each is read from COUNTERFOIL_<NAME> and has a safe default."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_")

    project_dir: Path = Field(
        default_factory=here,
        description="Folder of contract.yml, profiles.yml, models/ and expectations/ of one's own.",
    )
    reports_dir: Path = Field(
        default=Path("reports"), description="Where audits are published, in the project."
    )
    reports_url: str | None = Field(
        default=None,
        pattern=r"^(https?|file)://",
        description="What serves that folder to people: links lead there; else to the file.",
    )
    reports_min_free_mb: int = Field(
        default=50, ge=0, description="Free space without which an audit does not start."
    )
    evidence_limit: int = Field(
        default=100, ge=1, le=100_000, description="Findings listed per check; all are counted."
    )
    waivers_file: Path | None = Field(
        default=None, description="Accepted findings: waivers.csv, in a checkout seeds/waivers.csv."
    )
    alerts_file: Path = Field(
        default=Path("alerts.yml"), description="The recipients of alerts, in the project."
    )
    alert_timeout_s: int = Field(
        default=20, ge=1, le=600, description="Longest that one recipient's alerts may take."
    )
    metrics_file: Path | None = Field(
        default=None, description="Where metrics for Prometheus are written; nowhere if unset."
    )
    history_days: int = Field(
        default=400, ge=1, le=100_000, description="How long audits are kept in the history."
    )
    statement_timeout_s: int = Field(
        default=600, ge=1, le=86_400, description="Longest that one of its queries may take."
    )
    lock_timeout_s: int = Field(
        default=5, ge=1, le=86_400, description="Longest that the audit waits for a table lock."
    )
    connect_timeout_s: int = Field(
        default=10, ge=1, le=3600, description="Longest that a connection may take to open."
    )
    idle_timeout_s: int = Field(
        default=7200,
        ge=60,
        le=86_400,
        description="Longest that a session of it may idle in its transaction: a whole audit.",
    )
    client_check_s: int = Field(
        default=5,
        ge=0,
        le=3600,
        description="How often a running query asks whether the audit is still there; 0 never.",
    )
    work_mem_mb: int = Field(
        default=32, ge=1, le=2047, description="Memory of a sort or a hash, before it uses disk."
    )
    queries_at_once: int = Field(
        default=2, ge=1, le=2, description="Queries of an audit that may run at the same time."
    )
    replica_lag_s: int = Field(
        default=60, ge=1, le=86_400, description="How far a replica may be behind its primary."
    )

    @field_validator("project_dir")
    @classmethod
    def _holds_wherever_a_process_runs(cls, folder: Path) -> Path:
        """Absolute, since dbt's process runs in another folder than ours."""
        folder = folder.expanduser().absolute()
        if not os.path.isdir(folder):
            raise ValueError("there is no such folder")
        return folder

    @property
    def product_dir(self) -> Path:
        """The folder of Counterfoil's own dbt project and suites."""
        return product_of(self.project_dir)

    @property
    def expectations_dirs(self) -> tuple[Path, ...]:
        """The folders of the suites: ours, then the user's own."""
        return ours_and_own(self.project_dir, "expectations")

    @property
    def models_dirs(self) -> tuple[Path, ...]:
        """The folders of the models: ours, then the user's own."""
        return ours_and_own(self.project_dir, "models")

    @property
    def waivers_path(self) -> Path:
        """The file of the waivers, as an absolute path."""
        is_checkout = self.product_dir == self.project_dir
        usual = Path("seeds/waivers.csv" if is_checkout else "waivers.csv")
        return self.project_dir / (self.waivers_file or usual).expanduser()

    @property
    def alerts_path(self) -> Path:
        """The file of the recipients of alerts, as an absolute path."""
        return self.project_dir / self.alerts_file.expanduser()

    @property
    def demo_dir(self) -> Path:
        """The folder of the demo database."""
        return self.project_dir / ".counterfoil"

    @property
    def reports_path(self) -> Path:
        """Where audits are published, as an absolute path."""
        return self.project_dir / self.reports_dir.expanduser()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once.

    Raises:
        SettingsError: a variable holds what it cannot mean; names the variable.
    """
    try:
        return Settings()
    except ValidationError as cause:
        fault = cause.errors(include_url=False, include_context=False)[0]
        raise SettingsError(
            f"'{fault['input']}' is not accepted: {fault['msg']}",
            where=f"environment variable COUNTERFOIL_{str(fault['loc'][0]).upper()}",
            remedy="Set it to another value, or unset it for the default",
        ) from None
