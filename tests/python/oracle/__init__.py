"""The audited application once more, in plain Python, and what an audit must say of it.

Nothing here reads the project's SQL. `application` books as the application does, `faults`
breaks what it booked, `auditor` judges the rows by the catalogue of checks, and `bench` asks
the views the same. `histories` draws all of that with hypothesis.
"""
