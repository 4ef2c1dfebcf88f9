"""The reconciliation views, and dbt behind one door."""
