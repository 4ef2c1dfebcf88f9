"""Alerts: who is told what an audit changed, once, and by which way."""
