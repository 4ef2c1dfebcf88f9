"""sqlfluff over every model: with a contract of every pack, since a pack that is off has none."""

import os
import sys
from contextlib import closing
from pathlib import Path

import yaml
from sqlfluff.core import FluffConfig, Linter

from counterfoil.common.settings import Settings
from counterfoil.contract.catalog import Facts
from counterfoil.contract.compiled_ledgers import compile_ledgers
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.contract.derived import dbt_variables
from counterfoil.contract.sequences import NumberedColumns
from counterfoil.postgres.connection import connect
from counterfoil.postgres.session import Session

ROOT = Path(__file__).parents[1]

# Of the demo's tables, with everything that a ledger can have.
LEDGER = {
    "epoch": "2025-10-29T00:12:00Z",
    "days_close_after": "24 hours",
    "freezes": [{"from": "2025-10-29T00:12:00Z", "until": "2025-10-29T00:13:00Z"}],
    "accounts": {"table": "competitions", "key": "id", "label": "name", "currency": "name"},
    "balances": {
        "available": {
            "stored": "available_reservation_tokens",
            "opening": "total_reservation_tokens",
            "sum": ["capacity_ledger"],
            "min": 0,
            "at_all_times": True,
        },
        "booked": {"max": 5, "sum": [{"entries": "capacity_ledger", "amount": 1}]},
    },
    "entries": {
        "capacity_ledger": {
            "table": "capacity_ledger",
            "account": "competition_id",
            "amount": "change_amount",
            "at": "created_at",
            "reason": "reason",
            "hold": "reservation_id",
            "currency": "reason",
            "running_balance": {"before": "change_amount", "after": "change_amount"},
            "transaction": "reservation_id",
            "reverses": "reservation_id",
            "write": {"reservation_id": "hold", "change_amount": "expected"},
        }
    },
    "holds": {
        "reservations": {
            "table": "reservations",
            "balance": "available",
            "account": "competition_id",
            "amount": "spaces_confirmed",
            "status": "status",
            "at": "approved_at",
            "owes": {"approved": "-spaces_confirmed", "cancelled": 0},
        }
    },
    "reasons": {"takes": ["reservation_approval"], "gives": ["refund"], "adjusts": ["manual"]},
}


WORKFLOW = {
    "name": "booking",
    "table": "reservations",
    "status": "status",
    "at": {"pending": "created_at", "approved": "approved_at"},
    "follows": {"pending": ["approved"]},
    "history": {
        "table": "capacity_ledger",
        "of": "reservation_id",
        "status": "reason",
        "at": "created_at",
    },
}


def contract_of_every_pack() -> Contract:
    """The demo's, with what the market of the tests declares of its schema."""
    demo = load_contract(ROOT).model_dump(mode="json", by_alias=True, exclude_none=True)
    market = yaml.safe_load((ROOT / "tests/databases/market/contract.yml").read_text())
    tree = {
        "folder": "demo/hibachi/versions",
        "models": "demo/hibachi/models",
        "history": {"table": "alembic_version", "format": "alembic"},
    }
    return Contract.model_validate(
        {
            **demo,
            "relationships": [
                *demo["relationships"],
                {
                    "child": "dancers",
                    "columns": ["tenant_id", "studio_id"],
                    "parent": "studios",
                    "parent_columns": ["tenant_id", "id"],
                },
            ],
            "polymorphic": [
                {
                    "child": "dancers",
                    "column": "id",
                    "type_column": "last_name",
                    "as": "bigint",
                    "parents": {"Studio": "studios"},
                }
            ],
            "rules": [
                {
                    "name": name,
                    "table": "studios",
                    "holds": "name <> ''",
                    "observed": ["name", "id"],
                }
                for name in ("one", "another")
            ],
            "workflow": [WORKFLOW],
            "tables": {
                **demo["tables"],
                "studios": {**demo["tables"]["studios"], "deleted": "name is null"},
            },
            "packs": sorted(
                file.parent.name for file in (ROOT / "expectations").glob("*/report.yml")
            ),
            "further_schemas": market["further_schemas"],
            "schemas": {**market["schemas"], "of": {"table": "studios", "column": "name"}},
            "structure": {
                **market["structure"],
                "row_security": {**market["structure"]["row_security"], "visitors": ["anon"]},
            },
            "migrations": {"booking": tree},
            "health": {"statements_schema": "public"},
            "ledgers": {"capacity": LEDGER},
        }
    )


def with_facts(contract: Contract) -> Contract:
    """The contract with what the demo's database says of it: ledgers as SQL, and a sequence; and
    of a rule that it looks up another table.
    """
    settings = Settings()
    with closing(connect(Session.of("demo", settings).builder, settings)) as connection:
        numbered = (NumberedColumns("public", "numbers", (("dancers", "id"),)),)
        ledgers = compile_ledgers(contract, connection)
        looked_up = {("rules", "one"): frozenset({"dancers", "reservations"})}
        return contract.knowing(Facts(ledgers=ledgers, numbered=numbered, looked_up=looked_up))


def main() -> int:
    """Prints one line per violation; 1 if there is one."""
    os.chdir(ROOT)
    config = FluffConfig.from_root()
    config.get_section(("templater", "dbt"))["context"] = dbt_variables(
        with_facts(contract_of_every_pack())
    )
    found = [
        f"{file.path}:{violation.line_no}: {violation.rule_code()} {violation.desc()}"
        for folder in Linter(config=config).lint_paths(("models",)).paths
        for file in folder.files
        for violation in file.get_violations()
    ]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
