"""The history: what every audit found, kept in a schema of its own beside the views."""
