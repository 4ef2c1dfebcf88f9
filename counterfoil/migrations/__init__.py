"""Migrations: read from files, replayed on a server of their own, judged in SQL like all else."""
