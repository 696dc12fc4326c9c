"""The live log: in-memory state of a log from which models are derived."""
