"""PostgreSQL itself: so far, the server that comes as a wheel."""
