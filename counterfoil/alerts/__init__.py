"""Alerts: who is notified of what an audit changed, once, and by which service."""
