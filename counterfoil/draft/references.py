"""References that only a name speaks of: which there may be, and how many rows bear them out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.catalog import Catalog, CatalogForeignKey
from counterfoil.contract.clauses import locate
from counterfoil.draft.attempt import Attempt

# Types that Postgres compares as they are, and by the parent's index.
_ALIKE: Mapping[str, str] = {
    **dict.fromkeys(("smallint", "integer", "bigint"), "integer"),
    **dict.fromkeys(("text", "character varying"), "text"),
}

# Rows of a child that are looked at, and how long one guess may take.
SAMPLED = 10_000
_PATIENCE = "10s"

# Of those that are looked at, how many may be wrong: of more it is no mistake.
MOST_ASTRAY = 0.1


@dataclass(frozen=True)
class Guess:
    """A reference that its column's name speaks of, and what a sample of its rows says.

    Attributes:
        reference: from the child to the parent's key.
        sampled: the rows that were looked at and reference something.
        orphans: those of them that have no parent.
        unread: why none was looked at.
    """

    reference: CatalogForeignKey
    sampled: int = 0
    orphans: int = 0
    unread: str | None = None

    @property
    def is_borne_out(self) -> bool:
        """Whether the rows do not speak against it."""
        return self.orphans <= self.sampled * MOST_ASTRAY


@dataclass(frozen=True)
class Guesses:
    """What the names of columns speak of, and in words what was not guessed and why."""

    references: Sequence[CatalogForeignKey] = ()
    left_out: Sequence[str] = field(default=())


def guess_references(catalog: Catalog, bases: Mapping[str, str], schemas: Sequence[str]) -> Guesses:
    """Columns called `<table>_id` or `<table>Id`, without a constraint, of a type that fits.

    A table of the same schema goes before one of another.

    Args:
        catalog: the tables and their foreign keys.
        bases: of each domain, by its name, the type below it.
        schemas: the contract's, its own first.
    """
    constrained = {(key.child, column) for key in catalog.foreign_keys for column in key.columns}
    parents = _by_spelling(catalog)
    references, left_out = [], []
    for child, column, spelt in _candidates(catalog):
        if (child, column) in constrained or spelt not in parents:
            continue
        types = catalog.tables[child].types
        if _is_told_by_a_type(column, types):
            left_out.append(f"{child}.{column}: a column beside it says of which table it is")
            continue
        found = _nearest(child, parents[spelt], schemas)
        wide = [name for name in found if len(catalog.tables[name].primary_key) != 1]
        fitting = [
            name
            for name in found
            if name not in wide and _alike(types[column], _key_type(catalog, name), bases)
        ]
        if len(fitting) == 1:
            key = catalog.tables[fitting[0]].primary_key
            references.append(CatalogForeignKey(child, fitting[0], (column,), key, None))
        elif len(fitting) > 1:
            left_out.append(f"{child}.{column}: it may mean each of {', '.join(fitting)}")
        elif wide:
            left_out.append(f"{child}.{column}: the key of {wide[0]} has not one column")
        else:
            other = _key_type(catalog, found[0])
            left_out.append(
                f"{child}.{column}: it is {types[column]}, and the key of {found[0]} {other}"
            )
    return Guesses(references, left_out)


def try_guess(
    connection: Connection, reference: CatalogForeignKey, schemas: Sequence[str]
) -> Guess:
    """What the first rows of the child say of a reference; a time-out costs this guess alone."""
    query = sql.SQL(
        "select count(*), count(*) filter (where not exists ("
        " select from {parent} as parent where parent.{key} = child.{column}))"
        " from (select {column} from {child} limit {most}) as child"
        " where child.{column} is not null"
    ).format(
        child=sql.Identifier(*locate(reference.child, schemas)),
        column=sql.Identifier(reference.columns[0]),
        parent=sql.Identifier(*locate(reference.parent, schemas)),
        key=sql.Identifier(reference.parent_columns[0]),
        most=sql.Literal(SAMPLED),
    )
    with Attempt(connection, _PATIENCE) as attempt, connection.cursor() as cursor:
        cursor.execute(query)
        ((sampled, orphans),) = cursor.fetchall()
        return Guess(reference, sampled, orphans)
    return Guess(reference, unread=attempt.refused)


def _candidates(catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """Each (table, column, what its name says it references)."""
    for name, table in sorted(catalog.tables.items()):
        for column in table.types:
            plain = column.lower().replace("_", "")
            if not plain.endswith("id") or (column,) == table.primary_key:
                continue
            spelt = plain.removesuffix("id")
            # Its own number, beside what else its key has.
            if column not in table.primary_key or spelt not in _spellings(name):
                yield name, column, spelt


def _by_spelling(catalog: Catalog) -> dict[str, list[str]]:
    """The tables that have a key, by what a column may call them."""
    parents: dict[str, list[str]] = {}
    for name, table in catalog.tables.items():
        if table.primary_key:
            for spelt in _spellings(name):
                parents.setdefault(spelt, []).append(name)
    return parents


def _spellings(table: str) -> set[str]:
    bare = table.rsplit(".", 1)[-1].lower().replace("_", "")
    spelt = {bare, bare.removesuffix("s"), bare.removesuffix("es")}
    if bare.endswith("ies"):
        spelt.add(f"{bare.removesuffix('ies')}y")
    return spelt - {""}


def _nearest(child: str, parents: Sequence[str], schemas: Sequence[str]) -> Sequence[str]:
    """Those of the child's own schema, if there are any."""
    home = locate(child, schemas)[0]
    return [name for name in parents if locate(name, schemas)[0] == home] or parents


def _is_told_by_a_type(column: str, columns: Mapping[str, str]) -> bool:
    """Whether `x_id` stands beside `x_type`: its parent is another for each row."""
    stem = column[:-2]
    return f"{stem}type" in columns or f"{stem}Type" in columns


def _key_type(catalog: Catalog, name: str) -> str:
    table = catalog.tables[name]
    return table.types[table.primary_key[0]]


def _alike(one: str, other: str, bases: Mapping[str, str]) -> bool:
    one, other = bases.get(one, one), bases.get(other, other)
    return _ALIKE.get(one, one) == _ALIKE.get(other, other)
