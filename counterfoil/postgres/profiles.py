"""Targets: the outputs of profiles.yml, found and rendered the way dbt does.

dbt's own loader would cost the main process 1.5 s of imports; a profile is a small
YAML file with `env_var` in it, so Jinja and PyYAML read it here.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from counterfoil.common.errors import TargetError
from counterfoil.common.yamlfile import parse_model, read_yaml

PROFILE = "counterfoil"
# Where the embedded server listens. An output whose host reads it is one of that server's.
DEMO_HOST_VARIABLE = "COUNTERFOIL_DEMO_HOST"

_READ_VARIABLE = re.compile(r"""env_var\(\s*['"](\w+)""")


class Target(BaseModel):
    """One output of profiles.yml: how to reach a Postgres database.

    Keys that only dbt needs (threads, schema, ...) are left to dbt. That it is one of the
    embedded server's, `is_embedded`, is no key: its host says it.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    is_embedded: bool = False
    type: str
    host: str
    port: int = 5432
    user: str
    password: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("password", "pass")
    )
    dbname: str = Field(validation_alias=AliasChoices("dbname", "database"))
    sslmode: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    sslrootcert: str | None = None

    @property
    def libpq(self) -> dict[str, Any]:
        """The parameters of a libpq connection, the password in the clear."""
        parameters = self.model_dump(
            include={"host", "port", "user", "dbname", "sslmode", "sslcert", "sslkey"}
            | {"sslrootcert"},
            exclude_none=True,
        )
        if self.password.get_secret_value():
            parameters["password"] = self.password.get_secret_value()
        return parameters

    def __str__(self) -> str:
        return f"target '{self.name}' ({self.user}@{self.host}:{self.port}/{self.dbname})"


def profiles_file(project_dir: Path) -> Path:
    """The profiles.yml that dbt would use: DBT_PROFILES_DIR, the working directory, ~/.dbt.

    The project's folder stands for the working directory, since dbt is run there.

    Raises:
        TargetError: there is none; says where it was looked for.
    """
    declared = os.environ.get("DBT_PROFILES_DIR")
    folders = [Path(declared)] if declared else [Path.cwd(), project_dir, Path.home() / ".dbt"]
    for folder in folders:
        if (folder / "profiles.yml").is_file():
            return folder / "profiles.yml"
    looked_in = ", ".join(str(folder) for folder in dict.fromkeys(folders))
    raise TargetError(
        "no profiles.yml",
        where=looked_in,
        remedy="Copy profiles.example.yml to profiles.yml and fill in your target",
    )


def load_targets(name: str, project_dir: Path) -> tuple[Target, Target]:
    """The outputs (`name`, `name`_audit): the one that builds and the one that asserts.

    An absent `name`_audit falls back to `name`.

    Raises:
        TargetError: the output is unknown, incomplete, or needs an unset variable.
    """
    file = profiles_file(project_dir)
    outputs = _outputs(file)
    if name not in outputs:
        raise TargetError(
            f"unknown target '{name}'",
            where=str(file),
            remedy=f"Use one of: {', '.join(sorted(map(str, outputs)))}",
        )
    builder = _target(name, outputs, file)
    auditor = f"{name}_audit"
    return builder, _target(auditor, outputs, file) if auditor in outputs else builder


def is_configured(name: str, project_dir: Path) -> bool:
    """Whether somebody said where the output `name` is: its file, or a variable that is set.

    The example's host is a variable with a default, and that is nobody's database.

    Raises:
        TargetError: the output is unknown, or its host cannot be rendered.
    """
    load_targets(name, project_dir)
    host = str(_outputs(profiles_file(project_dir))[name]["host"])
    return all(os.environ.get(variable) for variable in _READ_VARIABLE.findall(host))


def load_repairer(name: str, project_dir: Path) -> Target:
    """The output `name`_repair, of a role that may write; `name` where it is absent.

    Raises:
        TargetError: the output is unknown, incomplete, or needs an unset variable.
    """
    return _target_or_builder(f"{name}_repair", name, project_dir)


def load_historian(name: str, project_dir: Path) -> Target:
    """The output `name`_history, of the role that writes the history; else `name`.

    Raises:
        TargetError: the output is unknown, incomplete, or needs an unset variable.
    """
    return _target_or_builder(f"{name}_history", name, project_dir)


def _target_or_builder(wanted: str, name: str, project_dir: Path) -> Target:
    builder, _ = load_targets(name, project_dir)
    file = profiles_file(project_dir)
    outputs = _outputs(file)
    return _target(wanted, outputs, file) if wanted in outputs else builder


def _outputs(file: Path) -> Mapping[str, Any]:
    content = read_yaml(file, TargetError)
    profile = content.get(PROFILE) if isinstance(content, dict) else None
    outputs = profile.get("outputs") if isinstance(profile, dict) else None
    if not isinstance(outputs, dict) or not outputs:
        raise TargetError(
            f"no outputs under '{PROFILE}'",
            where=str(file),
            remedy="Start from profiles.example.yml",
        )
    return outputs


def _target(name: str, outputs: Mapping[str, Any], file: Path) -> Target:
    where = f"{file}: {PROFILE}.outputs.{name}"
    output = outputs[name]
    if isinstance(output, dict):
        is_embedded = DEMO_HOST_VARIABLE in str(output.get("host"))
        output = {key: _render(value, f"{where}.{key}") for key, value in output.items()}
        # Another adapter's output has other keys: say that, not which of ours it lacks.
        if output.get("type", "postgres") != "postgres":
            raise TargetError(
                f"type '{output['type']}' is not postgres",
                where=where,
                remedy="Name an output of a Postgres database",
            )
        if output.get("search_path"):
            raise TargetError(
                "it has a search_path, and what the views mean depends on ours",
                where=where,
                remedy="Take that key out, and write the schema of what the contract's SQL calls",
            )
        output |= {"name": name, "is_embedded": is_embedded}
    return parse_model(Target, output, where=where, error=TargetError)


def _render(value: Any, where: str) -> Any:
    if not isinstance(value, str) or "{" not in value:
        return value
    # Late: it takes longer to import than most profiles take to be read.
    from jinja2 import Environment, StrictUndefined

    # What is rendered becomes a connection's parameter, never markup.
    environment = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701
    environment.globals["env_var"] = _env_var
    # dbt's own filters say which type a text becomes; here the model's fields know.
    environment.filters.update(dict.fromkeys(("as_text", "as_number", "as_native"), str))
    try:
        return environment.from_string(value).render()
    except KeyError as cause:
        raise TargetError(
            f"environment variable {cause} is not set", where=where, remedy="Set it"
        ) from None
    except Exception as cause:
        # It is an expression of the user's: whatever it raises is theirs to correct. Jinja
        # quotes what it stumbles over, and that may be a password.
        raise TargetError(
            f"cannot be rendered: {type(cause).__name__}",
            where=where,
            remedy="Correct the expression in braces",
        ) from None


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise KeyError(name)
    return value
