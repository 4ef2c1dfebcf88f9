"""The suites of expectations/, and Great Expectations behind one door."""
