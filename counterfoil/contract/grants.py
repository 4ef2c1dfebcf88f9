"""The roles that an audit runs as, as the SQL that makes them, and that takes all away again."""

from itertools import count

from counterfoil.common.sqltext import comment, identifier, literal
from counterfoil.common.templates import text_template
from counterfoil.contract.contract import Contract
from counterfoil.postgres.schemas import HISTORY_SCHEMA, PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.session import Session

# The comment on a role by which it is known to be ours, and no application's.
_MARK = "made by counterfoil grants"


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
        mark=_MARK,
        quote=_dollar_quote([*users.values(), reader]),
    )


def render_leaving(session: Session, *, reader: str) -> str:
    """A script that drops the views, the history and the roles that `render_grants` makes.

    It is for the same reader. Roles that were there before are left, with all their rights.

    Args:
        session: whose roles they are.
        reader: the role of the analysts.
    """
    template = text_template(
        "counterfoil.contract", "leaving.sql.j2", comment=comment, literal=literal
    )
    users = [role.user for role in (session.auditor, session.historian, session.builder)]
    roles = list(dict.fromkeys([reader, *users]))
    return template.render(
        target=session.builder,
        roles=roles,
        schemas=[PUBLIC_SCHEMA, STAGING_SCHEMA, HISTORY_SCHEMA],
        history=HISTORY_SCHEMA,
        mark=_MARK,
        quote=_dollar_quote(roles),
    )


def _others(owner: str, *roles: str) -> list[str]:
    """The roles that need a grant, since they do not own what it is about."""
    return [role for role in dict.fromkeys(roles) if role != owner]


def _dollar_quote(names: list[str]) -> str:
    """A quote that none of the names can end."""
    quotes = (f"$roles{number or ''}$" for number in count())
    return next(quote for quote in quotes if not any(quote in name for name in names))
