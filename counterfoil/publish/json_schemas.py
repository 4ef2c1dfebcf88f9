"""The JSON Schemas of audit.json and of contracts: `make schema` writes them to docs/."""

import json
import sys
from typing import Any

from counterfoil.audit.findings import Audit
from counterfoil.contract.contract import Contract


def audit_schema() -> str:
    """The schema, as the text of docs/audit.schema.json."""
    return _text(Audit.model_json_schema(mode="serialization"), "audit.json")


def contract_schema() -> str:
    """The schema, as the text of docs/contract.schema.json: for editors, of contracts/*.yml."""
    return _text(Contract.model_json_schema(by_alias=True), "A contract of Counterfoil")


def _text(schema: dict[str, Any], title: str) -> str:
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    print(contract_schema() if sys.argv[1:] == ["contract"] else audit_schema(), end="")
