"""An independent model of applications with ledgers: what they write, and what is found.

It reads nothing of Counterfoil's SQL: a contract is drawn with what each of its fragments comes
to in Python, and the findings follow from the rows by docs/ledgers.md alone.
"""
