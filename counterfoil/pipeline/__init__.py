"""One run, from plan to alert, in plain Python: Prefect, the terminal and benchmarks call it."""
