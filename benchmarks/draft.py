"""How long the draft of a large database takes, with ledgers to be found.

    python benchmarks/draft.py --groups 50 --rows 10000000

makes a database of that many groups of four tables on the demo's server, with that many rows in
all: accounts, entries that reference them (and of every third group make up a stored balance,
where they are settled and not voided), what the entries are of, and notes about them. Printed are
the seconds of the draft by the clock, and how many of those ledgers it found.
"""

import argparse
import time
from contextlib import closing

import psycopg2

from counterfoil import demo
from counterfoil.common.settings import Settings
from counterfoil.draft.survey import survey
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

DATABASE = "draft_benchmark"
TENANTS = """
    create table tenants (id int primary key, name text);
    insert into tenants select n, 'tenant ' || n from generate_series(1, 50) as n;
"""
GROUP = """
    create unlogged table accounts_{n} (
        id bigint primary key, tenant_id int not null references tenants, name text,
        balance numeric(12, 2) not null default 0, most int, score int, deleted_at timestamptz
    );
    create unlogged table kinds_{n} (
        id int primary key, tenant_id int not null references tenants, label text, price numeric
    );
    create unlogged table entries_{n} (
        id bigint primary key, tenant_id int not null,
        account_id bigint not null references accounts_{n}, kind_id int references kinds_{n},
        status text not null, type text not null, amount numeric(12, 2) not null,
        fee numeric(8, 2), quantity int, created_at timestamptz not null, voided_at timestamptz
    );
    create unlogged table notes_{n} (
        id bigint primary key, tenant_id int not null references tenants,
        account_id bigint references accounts_{n}, body text, state text, rating smallint
    );
    insert into accounts_{n} (id, tenant_id, name, most, score)
    select n, 1 + n % 50, 'account ' || n, n % 100, n * 7 % 13
    from generate_series(1, {accounts}) as n;
    insert into kinds_{n}
    select n, 1 + n % 50, 'kind ' || n, n * 1.5 from generate_series(1, 100) as n;
    insert into entries_{n}
    select
        n, 1 + n % 50, 1 + n::bigint * 7919 % {accounts}, 1 + n % 100,
        (array['pending', 'settled', 'settled', 'failed'])[1 + n / 7 % 4],
        (array['in', 'out', 'adjust'])[1 + n % 3], n::bigint * 31 % 977 / 10.0, n % 7, n % 5,
        '2026-01-01', case when n % 19 = 0 then timestamptz '2026-01-02' end
    from generate_series(1, {entries}) as n;
    insert into notes_{n}
    select n, 1 + n % 50, 1 + n % {accounts}, 'note', (array['open', 'done'])[1 + n % 2], n % 5
    from generate_series(1, {entries} / 20) as n;
    create index on entries_{n} (account_id);
    create index on entries_{n} (kind_id);
    create index on notes_{n} (account_id);
"""
BALANCE = """
    update accounts_{n} set balance = booked
    from (
        select account_id, sum(case type when 'in' then amount when 'out' then -amount end)
            as booked
        from entries_{n} where status = 'settled' and voided_at is null group by 1
    ) as entries
    where account_id = accounts_{n}.id and booked is not null;
"""


def main() -> None:
    """Prints the figures of docs/performance.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--groups", type=int, default=50)
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    url = demo.start(Settings().demo_dir)
    own = f"postgresql://postgres@/{DATABASE}?host={demo.socket_dir(Settings().demo_dir)}"
    drop = f"drop database if exists {DATABASE} with (force)"
    execute(url, drop, f"create database {DATABASE}")
    try:
        entries = given.rows // given.groups * 20 // 22
        sizes = {"entries": entries, "accounts": entries // 20}
        execute(own, TENANTS, *(GROUP.format(n=n, **sizes) for n in range(given.groups)))
        kept = range(0, given.groups, 3)
        execute(own, *(BALANCE.format(n=n) for n in kept), "vacuum analyze")
        session = Session.alone(Target.of_url(own), Settings())
        begun = time.perf_counter()
        found = survey(session)
        seconds = time.perf_counter() - begun
        stored = {(one.accounts, b.stored) for one in found.ledgers for b in one.balances}
        right = stored & {(f"accounts_{n}", "balance") for n in kept}
        print(f"{seconds:7.1f} s by the clock, {len(found.catalog.tables)} tables")
        print(f"{len(right):7} of {len(kept)} ledgers found, and {len(stored - right)} others")
    finally:
        execute(url, drop)


def execute(url: str, *statements: str) -> None:
    """Runs each by itself, outside a transaction."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)


if __name__ == "__main__":
    main()
