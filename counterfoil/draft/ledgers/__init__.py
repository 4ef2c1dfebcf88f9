"""Finding ledgers: stored numbers that other rows add up to."""
