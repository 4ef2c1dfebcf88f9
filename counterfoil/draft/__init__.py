"""`counterfoil contract init`: a first contract, drafted from a live database."""
