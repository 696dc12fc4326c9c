"""Events after a cursor, and checkpoints."""
