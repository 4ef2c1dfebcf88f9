"""Errors, text, YAML and settings: the ground that every room stands on."""
