"""Repair proposals: what would mend the books, as a script that somebody else runs."""
