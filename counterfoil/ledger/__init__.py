"""A ledger for its author, who writes its contract, and for whoever is on call."""
