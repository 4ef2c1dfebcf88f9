"""dbt's profile: what libpq made of a target, in the keys that dbt's adapter has."""

from pathlib import Path

import yaml
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.postgres.profiles import PROFILE, Target
from counterfoil.postgres.schemas import PUBLIC_SCHEMA

# Of this prefix dbt writes no value to any log.
PASSWORD_VARIABLE = "DBT_ENV_SECRET_COUNTERFOIL_PASSWORD"  # noqa: S105 - its name


def write_profile(folder: Path, target: Target, connection: Connection) -> None:
    """Writes a profiles.yml whose one output leads to where the connection does.

    A service, a URL, .pgpass and the PG* variables mean the same to dbt then as to us. The
    password stays in the environment.

    Args:
        folder: for that file.
        target: gives the output its name, and dbt its threads.
        connection: one that is open.
    """
    info = connection.info
    known = info.dsn_parameters
    certificates = {
        key: known[key] for key in ("sslmode", "sslcert", "sslkey", "sslrootcert") if known.get(key)
    }
    output = {
        "type": "postgres",
        "host": info.host,
        "port": info.port,
        "user": info.user,
        "password": f"{{{{ env_var('{PASSWORD_VARIABLE}') }}}}",
        "dbname": info.dbname,
        "schema": PUBLIC_SCHEMA,
        "threads": target.threads,
        **certificates,
    }
    profile = {PROFILE: {"target": target.name, "outputs": {target.name: output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
