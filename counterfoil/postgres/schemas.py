"""The schemas that are ours: of the views, of what they stand on, and of the history."""

PUBLIC_SCHEMA = "counterfoil"


STAGING_SCHEMA = "counterfoil_staging"


HISTORY_SCHEMA = "counterfoil_history"
