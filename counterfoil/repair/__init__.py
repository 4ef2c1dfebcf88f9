"""Repair proposals: a correction of the books, as a script that somebody else runs."""
