"""Publishing: what an audit found, to the people who act on it. One file per form."""
