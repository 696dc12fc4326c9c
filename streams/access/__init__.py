"""Access to logs: what a user or a token may do with each."""
