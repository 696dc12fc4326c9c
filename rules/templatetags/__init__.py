"""Template tags of pages about rules."""
