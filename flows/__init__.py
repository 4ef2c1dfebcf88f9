"""Flows: when an audit happens, and who hears of it. Orchestration only."""
