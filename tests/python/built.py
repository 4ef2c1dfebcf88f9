"""Views that dbt has built before in this run of the tests, made again without it.

A build takes dbt half a minute of processor time, and the same contract on the same version
of Postgres always comes to the same views.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.contract import Contract
from counterfoil.contract.derived import dbt_variables
from counterfoil.history.built_views import keep_built_views
from counterfoil.history.tables import ensure_history
from counterfoil.migrations.deployment import load_migrations
from counterfoil.pipeline.plan import Plan
from counterfoil.postgres.connection import connect
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.session import Session
from counterfoil.views.build import _existing_views, ensure_views
from counterfoil.views.project import project_hash

# Names the folder of the scripts, which the workers of pytest-xdist share.
FOLDER = "TESTS_BUILT_VIEWS"

_SCHEMAS = [PUBLIC_SCHEMA, STAGING_SCHEMA]
# In the order in which they were made: each stands on none but earlier ones.
_VIEWS = """
    select format(
        'create view %%s%%s as %%s', oid::regclass,
        ' with (' || array_to_string(reloptions, ', ') || ')', pg_get_viewdef(oid)
    )
    from pg_class
    where relkind = 'v' and relnamespace = any(%s::regnamespace[])
    order by oid
"""
_COMMENTS = """
    select format(
        'comment on %%s %%s%%s is %%L;', case when attname is null then 'view' else 'column' end,
        pg_class.oid::regclass, '.' || quote_ident(attname), description
    )
    from pg_description
    join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass
    left join pg_attribute on attrelid = objoid and attnum = nullif(objsubid, 0)
    where relkind = 'v' and relnamespace = any(%s::regnamespace[])
    union all
    select format('comment on schema %%s is %%L;', oid::regnamespace, obj_description(oid))
    from pg_namespace
    where oid = any(%s::regnamespace[]) and obj_description(oid) is not null
"""


def ensure_built(plan: Plan) -> None:
    """What `build_views` does, with dbt only where no test has built the same views yet."""
    load_migrations(plan.scope.contract, plan.contract_dir, plan.session)
    ensure_history(plan.session)
    ensure_views_built(plan.scope.contract, plan.session)
    keep_built_views(plan.session)


def ensure_views_built(contract: Contract, session: Session) -> None:
    """What `ensure_views` does, with dbt only where no test has built the same views yet.

    Where views stand already, dbt replaces those that are not as they should be.
    """
    with closing(connect(session.builder, session.settings)) as connection:
        standing = _existing_views(connection)
        if not standing:
            # Of what was made a moment ago the server has no statistics, and what is asked of
            # its catalog would take ten times as long.
            with connection.cursor() as cursor:
                cursor.execute("analyze")
            connection.commit()
            variables = dbt_variables(contract)
            wanted = project_hash(variables, session.settings, connection.server_version)
            with _locked(Path(os.environ[FOLDER]) / f"{wanted}.sql") as script:
                if script.exists():
                    _make(connection, script.read_text(encoding="utf-8"))
                else:
                    ensure_views(contract, session)
                    written = script.with_suffix(".partial")
                    written.write_text(_script(connection), encoding="utf-8")
                    written.rename(script)
    ensure_views(contract, session)


@contextmanager
def _locked(script: Path) -> Iterator[Path]:
    """The file, which no other worker writes meanwhile."""
    script.parent.mkdir(parents=True, exist_ok=True)
    with script.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield script


def _script(connection: Connection) -> str:
    """The statements that make the views of this database, and say of what build they are."""
    with connection.cursor() as cursor:
        # Nothing is on the path, so that every name is written with its schema.
        cursor.execute("set search_path to pg_catalog")
        cursor.execute(_VIEWS, (_SCHEMAS,))
        views = cursor.fetchall()
        cursor.execute(_COMMENTS, (_SCHEMAS, _SCHEMAS))
        return "\n".join(statement for (statement,) in [*views, *cursor.fetchall()])


def _make(connection: Connection, script: str) -> None:
    with connection.cursor() as cursor:
        for schema in _SCHEMAS:
            cursor.execute("select to_regnamespace(%s) is null", (schema,))
            if cursor.fetchone() == (True,):
                cursor.execute(f"create schema {schema}")
        cursor.execute(script)
    connection.commit()
