"""Migrations: read from files, never imported or run, and judged in SQL like all else."""
