"""Many databases, one list: which there are, and what came of each."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from counterfoil.common.errors import FleetError
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.postgres.profiles import Target, load_targets

Name = Annotated[str, StringConstraints(min_length=1)]


class Entry(BaseModel):
    """One database of databases.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Name
    contract: Path | None = None
    group: Name = "nightly"
    owner: Name


class _Databases(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    databases: tuple[Entry, ...] = Field(min_length=1)


class Member(BaseModel):
    """A database that is to be audited.

    Attributes:
        entry: what the list says of it.
        limit: the global concurrency limit of the server that answers the audit's queries.
    """

    model_config = ConfigDict(frozen=True)

    entry: Entry
    limit: str


def load_fleet(file: Path, group: str, project_dir: Path) -> tuple[Member, ...]:
    """The databases of one group.

    Args:
        file: databases.yml; relative to the project's folder.
        group: which of its entries.
        project_dir: the folder that contracts are relative to.

    Raises:
        FleetError: the file is none, names a database twice or a contract that is not there,
            or has nothing of the group.
        TargetError: a target is unknown or incomplete.
    """
    file = project_dir / file
    content = parse_model(
        _Databases, read_yaml(file, FleetError), where=str(file), error=FleetError
    )
    seen: dict[object, str] = {}
    members = []
    for place, entry in enumerate(content.databases):
        where = f"{file}, key databases.{place}"
        builder, auditor = load_targets(entry.target, project_dir)
        database = (builder.service, builder.host, builder.port, builder.dbname)
        if database in seen:
            raise FleetError(
                f"'{entry.target}' is the database of '{seen[database]}' once more",
                where=where,
                remedy="Take one of them out",
            )
        seen[database] = entry.target
        if entry.contract and not (project_dir / entry.contract).is_file():
            raise FleetError(
                f"unknown contract '{entry.contract}'",
                where=where,
                remedy=f"Name a file of {project_dir}",
            )
        if entry.group == group:
            members.append(Member(entry=entry, limit=limit_of(auditor)))
    if not members:
        groups = ", ".join(sorted({entry.group for entry in content.databases}))
        raise FleetError(
            f"no database is of group '{group}'", where=str(file), remedy=f"Use one of: {groups}"
        )
    return tuple(members)


def limit_of(target: Target) -> str:
    """The name of the global concurrency limit of the target's server."""
    server = re.sub("[^A-Za-z0-9.]+", "-", target.service or f"{target.host}-{target.port}").strip(
        "-"
    )
    return f"counterfoil-{server}"
