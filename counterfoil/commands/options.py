"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.audit.exit_codes import FailOn

ContractOption = Annotated[
    Path | None, typer.Option(help="Contract that replaces the one of dbt_project.yml.")
]
AuditedOption = Annotated[
    str, typer.Option("--target", help="Output of profiles.yml to audit.", show_default=True)
]
FailOnOption = Annotated[FailOn, typer.Option(help="Least severity for a non-zero exit code.")]
