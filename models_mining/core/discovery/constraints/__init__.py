"""Discovery of declarative models."""
