"""Copies of the demo's database, for tests that change one for good."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg2
import yaml
from conftest import Database, forget_audits

from counterfoil.postgres.profiles import Target

AS_OF = "2025-10-30T05:00:00Z"


@contextmanager
def copy_of(database: Database, name: str) -> Iterator[Database]:
    """A copy of the overnight snapshot, views and all; its target is called like itself.

    Nobody may be connected to the original meanwhile.
    """
    target = database.plan.session.builder.model_copy(update={"name": name, "dbname": name})
    original = database.plan.session.builder.dbname
    with (
        closing(psycopg2.connect(**(target.libpq | {"dbname": "postgres"}))) as admin,
        admin.cursor() as cursor,
    ):
        admin.autocommit = True
        cursor.execute(f"create database {name} template {original}")
        # What a database declares for itself is no part of the template.
        cursor.execute(f"alter database {name} set counterfoil.as_of = '{AS_OF}'")
        url = database.url.replace(f"/{original}?", f"/{name}?")
        with closing(psycopg2.connect(url)) as copy, copy:
            forget_audits(copy)
        try:
            copied = replace(database, url=url)
            yield copied.connecting(builder=target, auditor=target, historian=target)
        finally:
            cursor.execute(f"drop database {name} with (force)")


def write_profiles(folder: Path, *targets: Target) -> None:
    """A profiles.yml with an output for each."""
    outputs = {
        target.name: {
            **target.libpq,
            "type": "postgres",
            "password": target.password.get_secret_value(),
            "schema": "counterfoil",
        }
        for target in targets
    }
    content = yaml.safe_dump({"counterfoil": {"outputs": outputs}})
    (folder / "profiles.yml").write_text(content)
