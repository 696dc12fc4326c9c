"""Detection of process changes."""
