"""The contract's part `health`: limits on how the server and its queries fare."""

from pydantic import Field, StrictFloat, StrictInt

from counterfoil.contract.clauses import Clause, Name


class Health(Clause):
    """Limits for those who want an alert; without one a measure is only shown.

    `idle_slot_bytes`, by default 0, and `transaction_ids_used_percent`, by default 50, always
    apply. `statements_schema` is the schema that the extension pg_stat_statements lies in.
    """

    connections_used_percent: StrictInt | StrictFloat | None = Field(default=None, ge=0, le=100)
    longest_transaction_seconds: StrictInt | None = Field(default=None, ge=0)
    unencrypted_sessions: StrictInt | None = Field(default=None, ge=0)
    unused_index_bytes: StrictInt | None = Field(default=None, ge=0)
    slowest_statement_ms: StrictInt | StrictFloat | None = Field(default=None, ge=0)
    idle_slot_bytes: StrictInt | None = Field(default=None, ge=0)
    transaction_ids_used_percent: StrictInt | StrictFloat | None = Field(default=None, ge=0, le=100)
    statements_schema: Name | None = None
