"""The roles that an audit runs as, as the SQL that makes them: no more than each needs."""

from itertools import count

from counterfoil.common.sqltext import comment, identifier, literal
from counterfoil.common.templates import text_template
from counterfoil.contract.contract import Contract
from counterfoil.postgres.schemas import HISTORY_SCHEMA, PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.session import Session


def render_grants(contract: Contract, session: Session, *, reader: str) -> str:
    """A script that makes the roles and gives each its rights; to run it again changes nothing.

    It is for the owner of the database and its tables to read and run, who needs CREATEROLE and
    no superuser: Counterfoil's own roles may do none of it.

    Args:
        contract: the tables that the builder has to read.
        session: the builder owns the views, the auditor asserts, the historian owns the
            history; one role may be any of them.
        reader: the role that analysts are members of, or log in as.
    """
    template = text_template(
        "counterfoil.contract",
        "grants.sql.j2",
        comment=comment,
        identifier=identifier,
        literal=literal,
        qualified=lambda parts: identifier(*parts),
    )
    builder, auditor, historian = session.builder, session.auditor, session.historian
    users = {"builder": builder.user, "auditor": auditor.user, "historian": historian.user}
    return template.render(
        contract=contract,
        target=builder,
        **users,
        reader=reader,
        roles=list(dict.fromkeys([*users.values(), reader])),
        owners=list(dict.fromkeys([builder.user, historian.user])),
        readers_of_sequences=", ".join(
            f"({literal(role)})" for role in dict.fromkeys([builder.user, auditor.user])
        ),
        readers_of_history=_others(historian.user, builder.user, auditor.user, reader),
        views=PUBLIC_SCHEMA,
        staging=STAGING_SCHEMA,
        history=HISTORY_SCHEMA,
        quote=_dollar_quote([*users.values(), reader]),
    )


def _others(owner: str, *roles: str) -> list[str]:
    """The roles that need a grant, since they do not own what it is about."""
    return [role for role in dict.fromkeys(roles) if role != owner]


def _dollar_quote(names: list[str]) -> str:
    """A quote that none of the names can end."""
    quotes = (f"$roles{number or ''}$" for number in count())
    return next(quote for quote in quotes if not any(quote in name for name in names))
