"""The JSON Schema of audit.json: `make schema` writes it to docs/."""

import json

from counterfoil.findings import Audit


def audit_schema() -> str:
    """The schema, as the text of docs/audit.schema.json."""
    schema = Audit.model_json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "audit.json"
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    print(audit_schema(), end="")
