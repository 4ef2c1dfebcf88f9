"""A database whose owner is no superuser, as managed servers give them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from servers import Server

from counterfoil.postgres.profiles import Target

# Keys by serial, identity and text, a partitioned table, and a type whose schema is not on
# anybody's path.
SCHEMA = """
    create schema extensions;
    create extension citext schema extensions;
    create table shops (id serial primary key, name text not null);
    create table people (
        id bigint generated always as identity primary key,
        shop_id int not null references shops (id),
        email extensions.citext not null unique
    );
    create index on people (shop_id);
    create table codes (
        code text primary key, shop_id int not null references shops (id),
        person_id bigint not null references people (id)
    );
    create index on codes (shop_id);
    create index on codes (person_id);
    create table visits (
        id bigserial, shop_id int not null references shops (id), day date not null,
        primary key (id, day)
    ) partition by range (day);
    create index on visits (shop_id);
    create table visits_2025 partition of visits for values from ('2025-01-01') to ('2026-01-01');
    create table visits_2026 partition of visits for values from ('2026-01-01') to ('2027-01-01');
    insert into shops (name) values ('north'), ('south');
    insert into people (shop_id, email) values (1, 'a@example.org'), (2, 'b@example.org');
    insert into codes values ('x', 1, 1), ('y', 2, 1);
    insert into visits (shop_id, day) values (1, '2025-05-05'), (2, '2026-05-05');
"""
ROLES = ("counterfoil_builder", "counterfoil_auditor", "counterfoil_history")
READER = "counterfoil_reader"


@contextmanager
def owned(server: Server) -> Iterator[Target]:
    """A database of that schema, as its owner, who may make roles."""
    with server.connect() as superuser, superuser.cursor() as cursor:
        cursor.execute("create role landlord login createrole")
        cursor.execute("create database shops owner landlord")
        owner = server.target("shops").model_copy(update={"user": "landlord"})
        try:
            run_script(owner, SCHEMA)
            yield owner
        finally:
            cursor.execute("drop database shops with (force)")
            cursor.execute(f"drop role if exists {', '.join([*ROLES, READER, 'landlord'])}")


def run_script(role: Target, script: str) -> str:
    """Runs it as the role; what Postgres warns of."""
    with closing(psycopg2.connect(**role.libpq)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("set client_min_messages = warning")
        cursor.execute(script)
        return "".join(connection.notices)
