"""The verdict: every suite at one instant, and what came of each check."""
