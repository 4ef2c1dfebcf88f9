"""The views that a plan needs, with all that they stand on."""

import logging
from dataclasses import dataclass

from counterfoil.common.errors import BuildError
from counterfoil.history.built_views import keep_built_views, replaced_views
from counterfoil.history.tables import ensure_history
from counterfoil.migrations.deployment import load_migrations
from counterfoil.pipeline.plan import Plan
from counterfoil.views.build import Progress, Views, are_current, ensure_views, unseen

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Built:
    """What became of the views before an audit.

    Attributes:
        views: whether they were built, and which are not proven.
        replaced: those that were not as the last build had left them, `schema.name`.
    """

    views: Views
    replaced: tuple[str, ...]


def build_views(
    plan: Plan, *, although_unchanged: bool = False, progress: Progress = unseen
) -> Built:
    """Loads the migrations, brings the history's tables up to date, and builds the views.

    They are built again as well where they do not read what their names mean now, or are not
    as they were built.

    Args:
        plan: the contract, and who builds.
        although_unchanged: build them whatever has changed.
        progress: called with what is done (`view`, `data test`), how many, and of how many.

    Raises:
        MigrationsError: a folder cannot be read, or the database refuses the facts.
        HistoryError: the history cannot be brought up to date.
        BuildError: dbt failed, or a changed view cannot be replaced.
        UnavailableError: the connection was lost meanwhile.
    """
    contract, session = plan.scope.contract, plan.session
    load_migrations(contract, plan.contract_dir, session)
    ensure_history(session)
    replaced = replaced_views(session)
    if replaced:
        log.warning("Not as they were built, and built again: %s", ", ".join(replaced))
    views = ensure_views(
        contract,
        session,
        although_unchanged=although_unchanged or bool(replaced),
        progress=progress,
    )
    if views.are_new:
        keep_built_views(session)
    return Built(views, tuple(replaced))


def check_views(plan: Plan) -> None:
    """That the views stand as an audit would build them; nothing is built or written.

    Raises:
        BuildError: they do not.
        HistoryError: the history cannot be read.
        UnavailableError: the connection was lost meanwhile.
    """
    if not are_current(plan.scope.contract, plan.session) or replaced_views(plan.session):
        target = plan.session.builder
        raise BuildError(
            "the views are not as an audit by this contract and this Counterfoil builds them",
            where=str(target),
            remedy=f"Let it build them: counterfoil run --target {target.name}",
        )
