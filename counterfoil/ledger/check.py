"""A ledger held against its database while somebody writes it: neither views nor an audit."""

from collections.abc import Iterator, Sequence

from counterfoil.common.errors import PreflightError
from counterfoil.contract.compiled_ledgers import compile_ledgers
from counterfoil.contract.contract import Contract
from counterfoil.contract.discovery import discover
from counterfoil.ledger.names import check_some, ledger_named
from counterfoil.ledger.parts import Part, parts_of
from counterfoil.postgres.connection import Refusal, translated
from counterfoil.postgres.session import Session

Row = tuple[str | None, ...]


def check_ledgers(contract: Contract, session: Session) -> None:
    """That Postgres takes every ledger of the contract; nothing is written.

    Raises:
        LedgerError: there are none.
        TargetError: the database cannot be reached.
        PreflightError: a table, column or expression is not one, in one line with its key.
    """
    check_some(contract)
    discovered = discover(contract, session)
    with session.as_builder(Refusal(PreflightError)) as connection:
        connection.set_session(readonly=True)
        compile_ledgers(discovered, connection)


def checked_ledger(
    contract: Contract, session: Session, name: str
) -> Iterator[tuple[Part, Sequence[Row]]]:
    """Each part of one ledger, with some of its rows, all of one snapshot; nothing is written.

    Args:
        contract: of whose ledgers the others are not looked at.
        session: whose builder reads.
        name: the ledger's.

    Raises:
        LedgerError: there is no such ledger.
        TargetError: the database cannot be reached.
        PreflightError: a table, column or expression is not one, or cannot be computed for some
            row; in one line with its key.
    """
    ledger = ledger_named(contract, name)
    alone = discover(contract.of_ledger(name), session)
    with session.as_builder(Refusal(PreflightError)) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        (compiled,) = compile_ledgers(alone, connection)["ledgers"]
        for part in parts_of(ledger, compiled):
            refusal = Refusal(
                PreflightError,
                "its rows cannot be read",
                where=f"contract of {contract.database}, key ledgers.{name}.{part.key}",
                remedy="Correct its SQL, or the rows that it cannot be computed for",
            )
            with (
                translated(connection, session.builder, refusal),
                connection.cursor() as cursor,
            ):
                cursor.execute(part.query)
                yield part, cursor.fetchall()
