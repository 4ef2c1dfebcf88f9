"""A contract's ledgers as finished SQL, which the views of the pack only put together.

What is a column and what is SQL, of which type it is, and what every part needs of another is
decided here, against the catalog. docs/ledgers.md says what each key means.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import literal, quoted
from counterfoil.contract.ledger_sources import (
    INTEGERS,
    Expression,
    Ledgers,
    Source,
    common_type,
)
from counterfoil.contract.ledgers import (
    RECORDED,
    Balance,
    Columns,
    Entries,
    Holds,
    Ledger,
    Sql,
    listed,
)

if TYPE_CHECKING:
    from counterfoil.contract.contract import Contract

# No name of ours may be one of the contract's SQL. Where another row of the same table is asked:
_ORIGINAL = "counterfoil_original"
# What the views of repairs have beside the row: of a missing entry, and of a balance that is off.
_MISSING = "counterfoil_missing"
_OFF = "counterfoil_off"


def compile_ledgers(contract: "Contract", connection: Connection) -> dict[str, Any]:
    """What views of the pack are made of.

    Args:
        contract: with what the catalog says of its tables.
        connection: of the builder. Its transaction is rolled back.

    Returns:
        ledger_types: of `account`, `entry`, `hold` and `amount` in every view.
        ledgers: each with its `name`, `words`, `epoch`, `reasons` (each an SQL list, or None),
            its `accounts`, `balances`, `blocks` of entries and `holds`, all of it SQL over the
            `relation` that stands beside it.

    Raises:
        PreflightError: a table, column or expression is not one, in one line with its key.
    """
    at = Ledgers(connection, contract.database)
    compiled = [
        _Compiler(contract, at, name, ledger).compiled()
        for name, ledger in contract.ledgers.items()
    ]
    return {
        "ledger_types": {
            "account": _one_type(one.account_type for one in compiled),
            "entry": _one_type(kind for one in compiled for kind in one.entry_types),
            "hold": _one_type(kind for one in compiled for kind in one.hold_types),
            "amount": _wider(one.amount_type for one in compiled),
        },
        "ledgers": [one.parts for one in compiled],
    }


def compiled_ledger(contract: "Contract", ledger: str) -> dict[str, Any]:
    """A ledger of a contract that knows them as SQL."""
    compiled: list[dict[str, Any]] = contract.facts.ledgers["ledgers"]
    return compiled[[*contract.ledgers].index(ledger)]


def compiled_block(contract: "Contract", ledger: str, entries: str) -> dict[str, Any]:
    """A block of entries of it."""
    blocks: list[dict[str, Any]] = compiled_ledger(contract, ledger)["blocks"]
    return blocks[[*contract.ledgers[ledger].entries].index(entries)]


def compiled_holds(contract: "Contract", ledger: str, holds: str) -> dict[str, Any]:
    """Holds of one kind of it."""
    kinds: list[dict[str, Any]] = compiled_ledger(contract, ledger)["holds"]
    return kinds[[*contract.ledgers[ledger].holds].index(holds)]


@dataclass
class _Compiled:
    parts: dict[str, Any]
    account_type: str
    entry_types: list[str] = field(default_factory=list)
    hold_types: list[str] = field(default_factory=list)
    amount_type: str = "bigint"


@dataclass(frozen=True)
class _Key:
    """A key as one value: of several columns their JSON array, of nulls alone none."""

    sql: str
    type: str
    is_set: str


@dataclass(frozen=True)
class _Sum:
    """What a row adds to a balance, if it counts and if it did; whether it counts; its type."""

    effect: str | None
    uncounted: str | None
    counted: str
    type: str | None


class _Compiler:
    """One ledger, part by part."""

    def __init__(self, contract: "Contract", at: Ledgers, name: str, ledger: Ledger) -> None:
        self._contract = contract
        self._at = at
        self._name = name
        self._ledger = ledger
        self._sources = {
            "accounts": self._source("accounts", ledger.accounts.table, ledger.accounts.join),
            **{
                f"{kind}.{each}": self._source(f"{kind}.{each}", one.table, one.join)
                for kind, of in (("entries", ledger.entries), ("holds", ledger.holds))
                for each, one in of.items()
            },
        }

    def compiled(self) -> _Compiled:
        """The ledger's parts, and their types."""
        account_type, accounts_of = self._account_keys()
        entries = {name: self._entry_key(name) for name in self._ledger.entries}
        holds = {name: self._hold_keys(name) for name in self._ledger.holds}
        # Of a balance the type decides what is summed; the account's own columns are read too.
        balances = [self._balance(name, one) for name, one in self._ledger.balances.items()]
        blocks = [
            self._block(name, block, accounts_of[f"entries.{name}"], entries[name], holds)
            for name, block in self._ledger.entries.items()
        ]
        for balance in balances:
            kinds = [balance.pop("row_type")]
            kinds += [block["types"][balance["name"]] for block in blocks]
            balance["type"] = _wider(kind for kind in kinds if kind)
        for name, block in zip(self._ledger.entries, blocks, strict=True):
            del block["types"]
            block["writes"] = {
                kind: self._written(name, kind, holds[kind], account_type)
                for kind in (
                    self._ledger.holds_of(name) if self._ledger.entries[name].write else ()
                )
            }
        reasons = self._ledger.reasons
        parts = {
            "name": literal(self._name),
            "words": self._ledger.words.model_dump(),
            "epoch": self._ledger.epoch
            and f"{literal(self._ledger.epoch.isoformat())}::timestamptz",
            "reasons": {
                kind: _in_list(getattr(reasons, kind)) if reasons else None
                for kind in ("takes", "gives", "adjusts", "all")
            },
            "freezes": [
                {
                    end: f"{literal(instant.isoformat())}::timestamptz"
                    for end, instant in (("from", freeze.from_), ("until", freeze.until))
                }
                for freeze in self._ledger.freezes
            ],
            "days_close_after": self._lag(),
            "accounts": self._accounts(accounts_of["accounts"]),
            "balances": balances,
            "blocks": blocks,
            "holds": [
                self._hold(name, one, holds[name][0], accounts_of.get(f"holds.{name}"), balances)
                for name, one in self._ledger.holds.items()
            ],
        }
        return _Compiled(
            parts,
            account_type,
            [key.type for key in entries.values()],
            [kind for _, kind in holds.values()],
            _wider(balance["type"] for balance in balances),
        )

    def _source(self, key: str, table: str, join: str | None) -> Source:
        schema, name = self._contract.locate(table)
        listed_table = self._contract.tables.get(table)
        at = f"{self._name}.{key}"
        columns = self._at.columns(schema, name, f"{at}.table")
        only = bool(listed_table and listed_table.only)
        source = Source(self._at, at, schema, name, columns, join, only)
        self._at.types_of(
            f"select 1 from {source.relation}",  # noqa: S608
            f"{at}.join" if join else f"{at}.table",
            "Correct the SQL after the table's name" if join else "Correct that table",
        )
        return source

    def _account_keys(self) -> tuple[str, dict[str, _Key]]:
        """The accounts' type, and by part of the ledger what names one of them."""
        columns: dict[str, tuple[Columns, str]] = {"accounts": (self._ledger.accounts.key, "key")}
        for name, block in self._ledger.entries.items():
            columns[f"entries.{name}"] = block.account, "account"
        for name, holds in self._ledger.holds.items():
            if holds.account is not None:
                columns[f"holds.{name}"] = holds.account, "account"
        found = {
            part: self._sources[part].keys(listed(values), key)
            for part, (values, key) in columns.items()
        }
        types = []
        for place, of_accounts in enumerate(found["accounts"]):
            for part, expressions in found.items():
                kinds = [of_accounts.key_type, expressions[place].key_type]
                if common_type(kinds) is None:
                    raise self._at.refused(
                        f"{self._name}.{part}.account",
                        f"it is {kinds[1]}, and accounts.key is {kinds[0]}",
                        f"Cast it: (x)::{kinds[0]}",
                    )
            kinds = [expressions[place].key_type for expressions in found.values()]
            types.append(common_type(kinds) or "text")
        keys = {part: _as_one(expressions, types) for part, expressions in found.items()}
        return keys["accounts"].type, keys

    def _accounts(self, key: _Key) -> dict[str, Any]:
        declared, source = self._ledger.accounts, self._sources["accounts"]
        return {
            "relation": source.relation,
            "table": source.table,
            "locked": source.locked(declared.key),
            "row": quoted(source.name),
            "account": key.sql,
            "type": key.type,
            "is_set": key.is_set,
            "is_audited": source.condition(declared.where, "where") if declared.where else "true",
            "is_once": self._is_once(declared.table, listed(declared.key), declared.join),
            "tenant": self._tenant(declared.table, source),
            "label": _text(source, declared.label, "label"),
            "currency": _text(source, declared.currency, "currency"),
            "has_currency": declared.currency is not None,
            "created_at": _instant(source, declared.created_at, "created_at"),
        }

    def _balance(self, name: str, balance: Balance) -> dict[str, Any]:
        source, key = self._sources["accounts"], f"balances.{name}"
        of_row = replace(source, key=f"{self._name}.{key}")
        numbers = {
            part: of_row.amount(value, part)
            for part in ("stored", "opening", "min", "max", "tolerance")
            if (value := getattr(balance, part)) is not None
            and (part, value) != ("opening", RECORDED)
        }
        return {
            "name": name,
            "label": literal(name),
            **{
                part: numbers[part].sql if part in numbers else None
                for part in ("stored", "opening", "min", "max", "tolerance")
            },
            "row_type": _wider(
                numbers[part].type for part in ("stored", "opening") if part in numbers
            ),
            "repair": self._repair(name, balance),
            "is_recorded": balance.opening == RECORDED,
            "has_terms": bool(balance.sum),
            "at_all_times": balance.at_all_times,
        }

    def _repair(self, name: str, balance: Balance) -> dict[str, dict[str, str]]:
        """By column of the accounts' table, what it is, and what recalculating sets it to."""
        source = self._sources["accounts"]
        columns = balance.repair
        if not columns and balance.stored in source.columns:
            columns = {str(balance.stored): "expected"}
        given = replace(
            source,
            key=f"{self._name}.balances.{name}",
            words={"expected": f"{_OFF}.expected_amount"},
            given=f", (select null::numeric as expected_amount) as {_OFF}",
        )
        return {
            column: {
                "before": _printed(source.expression(column, "repair")),
                "after": _printed(given.expression(value, f"repair.{column}")),
            }
            for column, value in self._columns_of(source, columns, f"balances.{name}.repair")
        }

    def _written(
        self, name: str, kind: str, hold: tuple[_Key, str], account_type: str
    ) -> dict[str, str]:
        """By column of the entries' table, what an entry has that a hold of this kind lacks."""
        source = replace(
            self._sources[f"holds.{kind}"],
            key=f"{self._name}.entries.{name}",
            words={
                "hold": f"{_MISSING}.hold",
                "account": f"{_MISSING}.account",
                "expected": f"{_MISSING}.amount",
            },
            given=(
                f", (select null::{hold[1]} as hold, null::{account_type} as account,"
                f" null::numeric as amount) as {_MISSING}"
            ),
        )
        entries, write = self._sources[f"entries.{name}"], self._ledger.entries[name].write
        return {
            column: source.expression(value, f"write.{column}").sql
            for column, value in self._columns_of(entries, write, f"entries.{name}.write")
        }

    def _columns_of(
        self, source: Source, values: Mapping[str, Sql], part: str
    ) -> Iterator[tuple[str, Sql]]:
        for column, value in values.items():
            if column not in source.columns:
                raise self._at.refused(
                    f"{self._name}.{part}",
                    f"{source.table} has no column {column}",
                    "Name columns of that table",
                )
            yield column, value

    def _lag(self) -> str | None:
        """How long after its end a day closes, as an interval."""
        lag = self._ledger.days_close_after
        if lag is None:
            return None
        sql = f"{literal(lag)}::interval"
        self._at.types_of(
            f"select {sql}", f"{self._name}.days_close_after", "Give a time: 24 hours"
        )
        return sql

    def _block(
        self,
        name: str,
        block: Entries,
        account: _Key,
        entry: _Key,
        holds: Mapping[str, tuple[_Key, str]],
    ) -> dict[str, Any]:
        source = self._sources[f"entries.{name}"]
        counts = source.condition(block.where, "where") if block.where else "true"
        if block.join:
            self._refuse_repeated(source, [entry, account], f"entries.{name}.join")
        own = source.amount(block.amount, "amount") if block.amount is not None else None
        is_orphan = f"{_ORIGINAL}_counts is false" if block.reverses is not None else None
        sums = {
            balance: self._sum(name, balance, own, counts, is_orphan)
            for balance in self._ledger.balances
        }
        # What stands in `sum` alone is the entry's amount too: the first balance's, of several.
        alone = (each.uncounted for each in sums.values())
        amount = own.sql if own else next(filter(None, alone), None)
        # Of several amounts two entries are alike if all of them are.
        alike = ", ".join(each.effect for each in sums.values() if each.effect) or "null"
        relation, reverses = source.relation, None
        if block.reverses is not None:
            reverses = self._naming(name, "reverses", block.reverses, entry)
            # Of an original that does not count, its reversal is left out as well.
            relation = (
                f"{relation} left join (select {entry.sql} as {_ORIGINAL},"  # noqa: S608
                f" bool_or({counts}) as {_ORIGINAL}_counts,"
                f" min({amount or 'null::numeric'}) as {_ORIGINAL}_amount"
                f" from {source.relation} group by {entry.sql}) as {_ORIGINAL}s"
                f" on {_ORIGINAL} = {reverses}"
            )
        return {
            "name": literal(name),
            "relation": relation,
            "table": source.table,
            "row": quoted(source.name),
            "closes": self._ledger.closes(name),
            # A row that is not in the table yet, in its place.
            "proposal": (
                f"(select (jsonb_populate_record(null::{source.table}, {_MISSING}.row_values)).*)"
                f" as {quoted(source.name)} {source.joined}"
                + (
                    f" cross join (select null::boolean as {_ORIGINAL}_counts) as {_ORIGINAL}s"
                    if block.reverses is not None
                    else ""
                )
            ),
            "account": account.sql,
            "is_set": account.is_set,
            "entry": entry.sql,
            "tenant": self._tenant(block.table, source),
            "counts": counts,
            "at": _instant(source, block.at, "at"),
            "has_at": block.at is not None,
            # Of a day nobody knows which of its entries came when.
            "is_day": block.at is not None and source.expression(block.at, "at").type == "date",
            "reason": _text(source, block.reason, "reason"),
            "has_reason": block.reason is not None,
            "currency": _text(source, block.currency, "currency"),
            "has_currency": block.currency is not None,
            "transaction": source.keys([block.transaction], "transaction")[0].key
            if block.transaction is not None
            else None,
            "reverses": reverses,
            "original_amount": f"{_ORIGINAL}_amount" if reverses else None,
            "is_original_missing": f"{_ORIGINAL} is null" if reverses else None,
            "is_orphan": is_orphan,
            "amount": amount,
            "alike": amount or f"jsonb_build_array({alike})",
            "effects": {balance: each.effect for balance, each in sums.items()},
            "gross": {balance: each.uncounted for balance, each in sums.items()},
            "counted": {balance: each.counted for balance, each in sums.items()},
            "types": {balance: each.type for balance, each in sums.items()},
            "holds": {
                each: self._naming(name, "hold", value, holds[each][0])
                for each, value in self._ledger.holds_of(name).items()
            },
            "running": self._running(block, source, name),
        }

    def _sum(
        self, name: str, balance: str, own: Expression | None, counts: str, is_orphan: str | None
    ) -> "_Sum":
        """What the rows of a block add to a balance."""
        source = self._sources[f"entries.{name}"]
        effects, amounts, conditions = [], [], []
        for position, term in enumerate(self._ledger.balances[balance].terms):
            if term.entries != name:
                continue
            place = replace(source, key=f"{self._name}.balances.{balance}.sum.{position}")
            amount = own if term.amount is None else place.amount(term.amount, "amount")
            assert amount is not None
            needed = [counts] if counts != "true" else []
            needed += [place.condition(term.where, "where")] if term.where else []
            needed += [f"({is_orphan}) is not true"] if is_orphan else []
            where = " and ".join(needed)
            effects.append(f"case when {where} then {amount.sql} end" if where else amount.sql)
            conditions.append(f"({where or 'true'})")
            amounts.append(amount)
        return _Sum(
            effect=_added(effects),
            uncounted=amounts[0].sql if len(amounts) == 1 else None,
            counted=" or ".join(conditions),
            type=_wider(amount.type for amount in amounts) if amounts else None,
        )

    def _running(self, block: Entries, source: Source, name: str) -> dict[str, Any] | None:
        running = block.running_balance
        if running is None:
            return None
        key = "running_balance"
        return {
            "balance": self._ledger.chained(name)[0],
            "before": source.amount(running.before, f"{key}.before").sql
            if running.before is not None
            else None,
            "after": source.amount(running.after, f"{key}.after").sql,
            "order": [source.expression(value, f"{key}.order").sql for value in running.order],
        }

    def _entry_key(self, name: str) -> _Key:
        block, source = self._ledger.entries[name], self._sources[f"entries.{name}"]
        columns = block.key or self._key_of(block.table, f"entries.{name}")
        expressions = source.keys(listed(columns), "key")
        return _as_one(expressions, [one.key_type for one in expressions])

    def _hold_keys(self, name: str) -> tuple[_Key, str]:
        """A hold's key, and its type."""
        holds, source = self._ledger.holds[name], self._sources[f"holds.{name}"]
        columns = holds.key or self._key_of(holds.table, f"holds.{name}")
        if not isinstance(columns, str):
            raise self._at.refused(
                f"{self._name}.holds.{name}.key", "it has several columns", "Name one, or SQL"
            )
        expressions = source.keys([columns], "key")
        key = _as_one(expressions, [expressions[0].key_type])
        if not self._is_once(holds.table, [columns], holds.join):
            # Two rows of one key would each owe what the entries of both come to.
            self._refuse_repeated(source, [key], f"holds.{name}.key")
        return key, key.type

    def _refuse_repeated(self, source: Source, keys: Sequence[_Key], part: str) -> None:
        """That no two rows agree on the keys: a join may have multiplied them."""
        columns = ", ".join(key.sql for key in keys)
        is_set = " and ".join(key.is_set for key in keys)
        with self._at.connection.cursor() as cursor:
            cursor.execute(
                f"select count(*) from (select from {source.relation} where {is_set}"  # noqa: S608
                f" group by {columns} having count(*) > 1) as repeated"
            )
            ((count,),) = cursor.fetchall()
        self._at.connection.rollback()
        if count:
            raise self._at.refused(
                f"{self._name}.{part}",
                f"{count:,} of them are there several times",
                "Name what is unique, or correct the join that multiplies them",
            )

    def _naming(self, name: str, key: str, value: Sql, named: _Key) -> str:
        """What of an entry names another row, in the type of that row's key."""
        found = self._sources[f"entries.{name}"].expression(value, key)
        kind = common_type([found.key_type, named.type])
        if kind is None:
            raise self._at.refused(
                f"{self._name}.entries.{name}.{key}",
                f"it is {found.key_type}, and the key that it names is {named.type}",
                f"Cast it: (x)::{named.type}",
            )
        return found.key if found.key_type == named.type else f"{found.key}::{named.type}"

    def _hold(
        self,
        name: str,
        holds: Holds,
        key: _Key,
        account: _Key | None,
        balances: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        source = self._sources[f"holds.{name}"]
        owes: list[dict[str, Any]] = [
            {
                "status": literal(status),
                "owed": source.amount(value, f"owes.{status}").sql,
                "is_released": value == 0,
            }
            for status, value in holds.owes.items()
        ]
        amounts = [one["owed"] for one in owes if not one["is_released"]]
        owing = _first_of(amounts)
        alone = [amount for amount in amounts if source.needs_no_join(amount)]
        joined = [amount for amount in amounts if amount not in alone]
        balance = next(one for one in balances if one["name"] == self._ledger.balance_of(name))
        return {
            "name": name,
            "label_of": literal(name),
            "relation": source.relation,
            "locked": source.locked(holds.key or self._key_of(holds.table, f"holds.{name}")),
            "row": quoted(source.name),
            "hold": key.sql,
            "type": key.type,
            "is_audited": source.condition(holds.where, "where") if holds.where else "true",
            "account": account.sql if account else None,
            "amount": source.amount(holds.amount, "amount").sql
            if holds.amount is not None
            else f"abs(coalesce({owing}, 0))",
            "status": source.expression(holds.status, "status").text,
            "at": _instant(source, holds.at, "at"),
            "has_at": holds.at is not None,
            "created_at": _instant(
                source, holds.created_at if holds.created_at is not None else holds.at, "created_at"
            ),
            "label": _text(source, holds.label, "label"),
            "tenant": self._tenant(holds.table, source),
            "balance": balance["name"],
            "owes": owes,
            # Which way its entries take: by what it owes while it owes something. Where the
            # table itself says that, nobody has to read its join for it.
            "takes": f"sign({_first_of(alone + joined)})",
            "takes_alone": f"sign({_first_of(alone)})" if alone and joined else None,
        }

    def _is_once(self, table: str, columns: Sequence[str], join: str | None) -> bool:
        """Whether a row is known to be the only one of its key."""
        found = (self._contract.facts.tables or {}).get(table)
        return (
            join is None
            and found is not None
            and found.is_unique(columns)
            and found.not_null.issuperset(columns)
            and not found.has_heirs
        )

    def _key_of(self, table: str, part: str) -> Columns:
        """The key that the contract declares for a table, or the primary one."""
        declared = self._contract.tables.get(table)
        if declared is None:
            raise self._at.refused(
                f"{self._name}.{part}.key",
                f"it is missing, and the contract lists no key of {table} either",
                f"Add it, or list {table} under tables",
            )
        return declared.key

    def _tenant(self, table: str, source: Source) -> str:
        """The tenant that a row belongs to, as text; null where its table carries none."""
        tenant = self._contract.tenant
        if tenant is None or tenant.is_global(table):
            return "null::text"
        column = tenant.column_of(table)
        if tenant.table == table:
            listed_table = self._contract.tables.get(table)
            column = listed_table.key_columns[0] if listed_table else column
        if column not in source.columns:
            return "null::text"
        return f"{quoted(source.name)}.{quoted(column)}::text"


def _as_one(expressions: Sequence[Expression], types: Sequence[str]) -> _Key:
    cast = [
        one.key if one.key_type == kind else f"{one.key}::{kind}"
        for one, kind in zip(expressions, types, strict=True)
    ]
    if len(cast) == 1:
        return _Key(cast[0], types[0], f"{cast[0]} is not null")
    plain = [_plain(sql, kind) for sql, kind in zip(cast, types, strict=True)]
    is_set = " or ".join(f"{sql} is not null" for sql in cast)
    return _Key(f"jsonb_build_array({', '.join(plain)})::text", "text", f"({is_set})")


def _plain(sql: str, kind: str) -> str:
    """A value as JSON prints it whoever asks: in UTC, and equal numbers alike."""
    if kind == "timestamp with time zone":
        return f"{sql} at time zone 'UTC'"
    return f"trim_scale({sql})" if kind == "numeric" else sql


def _printed(value: Expression) -> str:
    """It as text that Postgres reads again, whatever the session's DateStyle."""
    if value.type.startswith(("timestamp", "date", "time")):
        return f"to_jsonb({value.sql}) #>> '{{}}'"
    return f"trim_scale({value.sql})::text" if value.type == "numeric" else value.text


def _text(source: Source, value: Sql | None, key: str) -> str:
    return "null::text" if value is None else source.expression(value, key).text


def _instant(source: Source, value: Sql | None, key: str) -> str:
    return "null::timestamptz" if value is None else source.instant(value, key)


def _in_list(values: Iterable[str]) -> str | None:
    written = ", ".join(map(literal, values))
    return f"({written})" if written else None


def _first_of(amounts: Sequence[str]) -> str:
    """The first of them that is not 0."""
    return f"coalesce({', '.join(f'nullif({amount}, 0)' for amount in amounts) or 'null::int'})"


def _added(amounts: Sequence[str]) -> str | None:
    if len(amounts) < 2:
        return amounts[0] if amounts else None
    return "(" + " + ".join(f"coalesce({amount}, 0)" for amount in amounts) + ")"


def _wider(types: Iterable[str]) -> str:
    """What sums of these types are kept in."""
    return "bigint" if {*types} <= INTEGERS else "numeric"


def _one_type(types: Iterator[str]) -> str:
    """The type that all of them have; text if they differ, or there is none."""
    found = {*types}
    return found.pop() if len(found) == 1 else "text"
