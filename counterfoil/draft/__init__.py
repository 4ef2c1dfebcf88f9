"""A first contract, drafted from a live database, and the folder that it lies in."""
