"""The views as they were built: whether what is read is still that.

Postgres keeps a view by the identity of what it stands on, and writes its definition with the
present names. So the digest of that text tells of a view that was replaced, and of a table, a
column, a schema or a function below it that was swapped by renaming: the view reads the old one.
"""

from counterfoil.history.tables import history_transaction
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.session import Session

# How a definition is written is a matter of the server's version.
_STANDING = """
    select
        nspname || '.' || relname as view_name,
        current_setting('server_version_num')::integer as server_version,
        sha256(
            textsend(
                concat_ws(
                    ' ', pg_get_viewdef(pg_class.oid), reloptions::text, relowner::regrole::text
                )
            )
        ) as definition_digest
    from pg_class
    inner join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'v' and nspname = any(%(schemas)s)
"""

_REPLACED = f"""
    select standing.view_name
    from ({_STANDING}) as standing
    left join built_views using (view_name, server_version)
    where
        built_views.definition_digest is distinct from standing.definition_digest
        and exists (
            select from built_views as built where built.server_version = standing.server_version
        )
    order by 1
"""  # noqa: S608

_SCHEMAS = {"schemas": [PUBLIC_SCHEMA, STAGING_SCHEMA]}


def replaced_views(session: Session) -> list[str]:
    """The views that stand and are not as the last build left them, `schema.name`, sorted.

    None where this version of the server has not been built on yet: a build is due then.

    Raises:
        HistoryError: the role may not read the history.
        UnavailableError: the connection was lost.
    """
    with history_transaction(session) as cursor:
        cursor.execute(_REPLACED, _SCHEMAS)
        return [name for (name,) in cursor]


def keep_built_views(session: Session) -> None:
    """Takes the views that stand for what was built.

    Raises:
        HistoryError: the role may not write the history.
        UnavailableError: the connection was lost.
    """
    with history_transaction(session) as cursor:
        cursor.execute("delete from built_views")
        cursor.execute(f"insert into built_views {_STANDING}", _SCHEMAS)
