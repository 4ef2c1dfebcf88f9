"""The ledger views' SQL for a contract, rendered without dbt, which takes ten seconds for each."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from counterfoil.contract.contract import Contract
from counterfoil.contract.derived import dbt_variables

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "models" / "ledger"


class _Returned(Exception):  # noqa: N818
    """What a macro returns as a value, as in dbt."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _return(value: Any) -> None:
    raise _Returned(value)


@cache
def _environment() -> tuple[Environment, dict[str, Any], dict[str, Any]]:
    """With every macro of the project that needs no connection; dbt's variables, which macros
    ask for when they are called; and what a model says of itself.
    """
    variables: dict[str, Any] = {}
    options: dict[str, Any] = {}
    environment = Environment(
        loader=FileSystemLoader([ROOT / "macros", MODELS]),
        extensions=["jinja2.ext.do"],
    )
    environment.globals |= {
        "return": _return,
        "ref": lambda name: f"counterfoil.{name}",
        "source": lambda schema, name: f"counterfoil_{schema}.{name}",
        "var": lambda name: variables[name],
        "config": lambda **given: options.update(given) or "",
    }
    for file in (ROOT / "macros").glob("*.sql"):
        if file.stem != "view":
            environment.globals[file.stem] = _macro(environment, file.stem)
    return environment, variables, options


def _macro(environment: Environment, name: str) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        macro = getattr(environment.get_template(f"{name}.sql").module, name)
        try:
            return macro(*arguments, **named)
        except _Returned as returned:
            return returned.value

    return call


def rendered_views(contract: Contract) -> Mapping[str, str]:
    """By name, the SQL of each view that dbt would build.

    Args:
        contract: that knows its ledgers as SQL.
    """
    environment, variables, options = _environment()
    variables.update(dbt_variables(contract))
    found = {}
    for file in MODELS.glob("*.sql"):
        sql = environment.get_template(file.name).render()
        # Here nothing is recorded, so nothing diverged between two audits.
        if options["enabled"] and "counterfoil.incidents" not in sql:
            found[file.stem] = sql
    # Those that stand on others come after them.
    return dict(sorted(found.items(), key=lambda view: "from counterfoil." in view[1]))
