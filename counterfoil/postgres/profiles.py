"""Targets: the outputs of profiles.yml, found and rendered the way dbt does, or one URL.

dbt's own loader would cost the main process 1.5 s of imports; a profile is a small
YAML file with `env_var` in it, so Jinja and PyYAML read it here.
"""

import os
import re
import shlex
from collections.abc import Mapping
from getpass import getuser
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from counterfoil.common.errors import TargetError
from counterfoil.common.yamlfile import parse_model, read_yaml

PROFILE = "counterfoil"
# Where the embedded server listens. An output whose host reads it is one of that server's.
DEMO_HOST_VARIABLE = "COUNTERFOIL_DEMO_HOST"

# As a target's name: the database that this variable's URL leads to, as one role for everything.
URL_VARIABLE = "DATABASE_URL"

# What libpq knows of a connection, and dbt's profiles have no key for: by its own variables.
LIBPQ_VARIABLES = {
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "passfile": "PGPASSFILE",
    "require_auth": "PGREQUIREAUTH",
    "sslcrl": "PGSSLCRL",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
_SSL = ("sslmode", "sslcert", "sslkey", "sslrootcert")

# Keys that would change whose rights, or which names, a session of ours has.
_REFUSED = {
    "search_path": "what the views mean depends on ours. Take that key out, and write the schema"
    " of what the contract's SQL calls",
    "role": "the rights of a role are those of whoever logs in as it. Name that role as user",
}

# What dbt itself has for its projects, and hardly for a profile.
_OF_DBT = re.compile(r"\btarget\.\w+|\bvar\b")

_READ_VARIABLE = re.compile(r"""env_var\(\s*['"](\w+)""")


class Target(BaseModel):
    """How to reach a Postgres database, as one output of profiles.yml says it, or a URL.

    What is empty is libpq's to find: of `service` in pg_service.conf, a password in .pgpass, the
    rest in the PG* variables. That it is one of the embedded server's, `is_embedded`, is no key:
    its host says it.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    is_embedded: bool = False
    type: str
    host: str
    port: int | None = 5432
    user: str
    password: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("password", "pass")
    )
    dbname: str = Field(validation_alias=AliasChoices("dbname", "database"))
    service: str | None = None
    threads: int = Field(default=2, ge=1)
    sslmode: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    sslrootcert: str | None = None
    channel_binding: str | None = None
    gssencmode: str | None = None
    passfile: str | None = None
    require_auth: str | None = None
    sslcrl: str | None = None
    target_session_attrs: str | None = None

    @property
    def psql(self) -> str:
        """The command that opens it at a terminal, for whoever has a role there."""
        given = {"service": self.service, "host": self.host, "port": self.port}
        given |= {"dbname": self.dbname}
        said = " ".join(f"{name}={value}" for name, value in given.items() if value)
        return f"psql {shlex.quote(said)}"

    @classmethod
    def of_url(cls, url: str) -> "Target":
        """That of a URL, or of libpq's `key=value` pairs.

        Raises:
            TargetError: it is neither, or has a key that is not known here.
        """
        where = f"environment variable {URL_VARIABLE}, or --url"
        try:
            given = parse_dsn(url)
        except psycopg2.ProgrammingError:
            # libpq quotes what it stumbles over, and that may be a password.
            raise TargetError(
                "not a URL of a database",
                where=where,
                remedy="Write postgresql://user@host:5432/database; of a password, %40 for @",
            ) from None
        known = {"host", "port", "user", "password", "dbname", *_SSL, *LIBPQ_VARIABLES}
        for key in given.keys() - known - {"application_name"}:
            raise TargetError(
                f"'{key}' is not known here", where=where, remedy="Take it out of the URL"
            )
        user = given.get("user") or os.environ.get("PGUSER") or getuser()
        database = given.get("dbname") or os.environ.get("PGDATABASE") or user
        output = {"type": "postgres", "host": "", "port": None} | given
        output |= {"name": URL_VARIABLE, "user": user, "dbname": database}
        return parse_model(cls, output, where=where, error=TargetError)

    @property
    def libpq(self) -> dict[str, Any]:
        """The parameters of a libpq connection, the password in the clear."""
        named = {"host", "port", "user", "dbname", "service", *_SSL, *LIBPQ_VARIABLES}
        parameters = {
            key: value
            for key, value in self.model_dump(include=named).items()
            if value not in (None, "")
        }
        if self.password.get_secret_value():
            parameters["password"] = self.password.get_secret_value()
        return parameters

    def __str__(self) -> str:
        place = f"service {self.service}" if self.service else self.host
        place += f":{self.port}" if self.port else ""
        return f"target '{self.name}' ({self.user}@{place}/{self.dbname})"


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
        remedy=f"Make a folder with one by `counterfoil init`, or set {URL_VARIABLE}",
    )


def default_target(project_dir: Path) -> str:
    """The target of whoever names none: the profile's own, or without a profile the URL's.

    Raises:
        TargetError: there is neither.
    """
    try:
        file = profiles_file(project_dir)
    except TargetError:
        if os.environ.get(URL_VARIABLE):
            return URL_VARIABLE
        raise
    profile = _profile(file)
    if not profile.get("target"):
        raise TargetError(
            "it names no target of its own", where=str(file), remedy="Name one with --target"
        )
    return str(_render(profile["target"], f"{file}: {PROFILE}.target"))


def load_targets(name: str, project_dir: Path) -> tuple[Target, Target]:
    """The outputs (`name`, `name`_audit): the one that builds and the one that asserts.

    An absent `name`_audit falls back to `name`. The database of URL_VARIABLE has one of each.

    Raises:
        TargetError: the output is unknown, incomplete, or needs an unset variable.
    """
    if name == URL_VARIABLE and os.environ.get(URL_VARIABLE):
        everything = Target.of_url(os.environ[URL_VARIABLE])
        return everything, everything
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
    if name == URL_VARIABLE:
        return builder
    file = profiles_file(project_dir)
    outputs = _outputs(file)
    return _target(wanted, outputs, file) if wanted in outputs else builder


def _profile(file: Path) -> Mapping[str, Any]:
    content = read_yaml(file, TargetError)
    profile = content.get(PROFILE) if isinstance(content, dict) else None
    return profile if isinstance(profile, dict) else {}


def _outputs(file: Path) -> Mapping[str, Any]:
    outputs = _profile(file).get("outputs")
    if not isinstance(outputs, dict) or not outputs:
        raise TargetError(
            f"no outputs under '{PROFILE}'",
            where=str(file),
            remedy="Make a folder with some by `counterfoil init`",
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
        _refuse_keys(output, where)
        if output.get("service"):
            output = {"host": "", "port": None} | output
        output |= {"name": name, "is_embedded": is_embedded}
    return parse_model(Target, output, where=where, error=TargetError)


def _refuse_keys(output: Mapping[str, Any], where: str) -> None:
    for key, why in _REFUSED.items():
        if output.get(key):
            reason, _, remedy = why.partition(". ")
            raise TargetError(f"it has a {key}, and {reason}", where=where, remedy=remedy)


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
        of_dbt = _OF_DBT.search(value)
        raise TargetError(
            f"cannot be rendered: {type(cause).__name__}",
            where=where,
            remedy=f"Write what `{of_dbt[0]}` stands for: env_var alone is known here"
            if of_dbt
            else "Correct the expression in braces",
        ) from None


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise KeyError(name)
    return value
