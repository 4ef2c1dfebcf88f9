"""sqlfluff over every model: with a contract of every pack, since a pack that is off has none."""

import os
import sys
from pathlib import Path

import yaml
from sqlfluff.core import FluffConfig, Linter

from counterfoil.contract.contract import Contract, load_contract
from counterfoil.contract.derived import dbt_variables

ROOT = Path(__file__).parents[1]


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
            "packs": sorted(
                file.parent.name for file in (ROOT / "expectations").glob("*/report.yml")
            ),
            "further_schemas": market["further_schemas"],
            "structure": market["structure"],
            "migrations": {"booking": tree},
            "health": {"statements_schema": "public"},
        }
    )


def main() -> int:
    """Prints one line per violation; 1 if there is one."""
    os.chdir(ROOT)
    config = FluffConfig.from_root()
    config.get_section(("templater", "dbt"))["context"] = dbt_variables(contract_of_every_pack())
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
