"""Flows: when an audit happens, and who hears of it. Orchestration only."""

import logging

# Prefect sends on what PREFECT_LOGGING_EXTRA_LOGGERS names, at the level that this has.
logging.getLogger("counterfoil").setLevel(logging.INFO)
