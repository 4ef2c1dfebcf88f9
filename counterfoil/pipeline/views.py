"""The views that a plan needs, with all that they stand on."""

from counterfoil.history.tables import ensure_history
from counterfoil.migrations.deployment import load_migrations
from counterfoil.pipeline.plan import Plan
from counterfoil.views.build import Progress, ensure_views, unseen


def build_views(
    plan: Plan, *, although_unchanged: bool = False, progress: Progress = unseen
) -> bool:
    """Loads the migrations, brings the history's tables up to date, and builds the views.

    Args:
        plan: the contract, and who builds.
        although_unchanged: build them whatever has changed.
        progress: called with what is done (`view`, `data test`), how many, and of how many.

    Returns:
        Whether a view was built.

    Raises:
        MigrationsError: a folder cannot be read, or the database refuses the facts.
        HistoryError: the history cannot be brought up to date.
        BuildError: dbt failed, or a changed view cannot be replaced.
        UnavailableError: the connection was lost meanwhile.
    """
    contract, session = plan.scope.contract, plan.session
    load_migrations(contract, plan.contract_dir, session)
    ensure_history(session)
    return ensure_views(contract, session, although_unchanged=although_unchanged, progress=progress)
