"""Counterfoil: a nightly proof that a Postgres database still agrees with itself."""

__version__ = "0.1.0"
