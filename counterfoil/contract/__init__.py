"""What a database promises: read, checked, and completed from the catalog."""
