"""The workflows of a contract as SQL: what is wrong with a row's status, its times, its steps."""

from typing import Any

from counterfoil.common.sqltext import literal, quoted
from counterfoil.contract.contract import Contract
from counterfoil.contract.rules import StatusHistory, Workflow
from counterfoil.contract.sql_words import written

# Of the steps of one row, so much is told.
_LONGEST = 300


def compile_workflow(contract: Contract, workflow: Workflow) -> dict[str, Any]:
    """A workflow, as the views of it are made.

    Returns:
        name, table, history_table: as declared, the last of them '' if it has none.
        condition, is_incomparable: which rows it is about, as other rules have it.
        faults: SQL over a row of the table, each a text, or null where there is no fault.
        history: SQL that selects `row_key` and `fault` of the rows whose steps are at fault;
            None without a history.
    """
    history = workflow.history
    missing = contract.facts.missing
    if workflow.table in missing or (history and history.table in missing):
        history = None
    return {
        "name": workflow.name,
        "table": workflow.table,
        "condition": written(workflow.where) if workflow.where else "true",
        "is_incomparable": workflow.table in missing,
        "history_table": workflow.history.table if workflow.history else "",
        "faults": [] if workflow.table in missing else [*_faults(contract, workflow)],
        "history": _history(contract, workflow, history) if history else None,
    }


def _faults(contract: Contract, workflow: Workflow) -> list[str]:
    own = quoted(contract.locate(workflow.table)[1])
    status = f"{own}.{quoted(workflow.status)}::text"
    faults = [
        _case(
            f"{status} = {literal(name)} and {own}.{quoted(column)} is null",
            literal(f"{literal(name)} without {column}"),
        )
        for name, column in workflow.at.items()
    ]
    faults += [
        _case(
            f"{own}.{quoted(first)} > {own}.{quoted(second)}",
            literal(f"{second} is before {first}"),
        )
        for first, second in dict.fromkeys(workflow.in_order)
    ]
    if workflow.statuses:
        known = ", ".join(map(literal, workflow.statuses))
        is_personal = workflow.status in contract.tables[workflow.table].pii
        said = f"coalesce(quote_literal(left({status}, 100)), 'null')"
        faults.append(
            _case(
                f"coalesce({status} not in ({known}), true)",
                "'no such status'" if is_personal else f"'no such status: ' || {said}",
            )
        )
    return faults


def _case(condition: str, said: str) -> str:
    return f"case when {condition} then {said} end"


def _history(contract: Contract, workflow: Workflow, history: StatusHistory) -> str:
    """The rows that took a step which is not allowed.

    The same status again is no step. Of two at one instant either may have been the first.
    """
    relation = ".".join(map(quoted, contract.locate(history.table)))
    only = "only " if contract.tables[history.table].only else ""
    key = ", ".join(f"step.{quoted(name)}" for name in contract.key_of(history.table))
    is_personal = history.status in contract.tables[history.table].pii
    said = (
        "'a step that is not allowed'"
        if is_personal
        else "'step from ' || coalesce(quote_literal(left(status_before, 100)), 'null')"
        " || ' to ' || coalesce(quote_literal(left(status_after, 100)), 'null')"
    )
    steps = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in workflow.steps)
    forth = f"(status_before, status_after) in ({steps})" if steps else "false"
    back = f"(status_after, status_before) in ({steps})" if steps else "false"
    return f"""
        select row_key, left(string_agg(distinct {said}, '; '), {_LONGEST}) as fault
        from (
            select
                step.{quoted(history.of)} as row_key,
                step.{quoted(history.status)}::text as status_after,
                step.{quoted(history.at)} as reached_at,
                lag(step.{quoted(history.status)}::text) over steps as status_before,
                lag(step.{quoted(history.at)}) over steps as reached_before,
                row_number() over steps > 1 as is_step
            from {only}{relation} as step
            window steps as (
                partition by step.{quoted(history.of)}
                order by step.{quoted(history.at)}, {key}
            )
        ) as steps
        where
            is_step
            and status_before is distinct from status_after
            and not coalesce({forth}, false)
            and not coalesce(reached_at = reached_before and {back}, false)
        group by row_key
    """  # noqa: S608
