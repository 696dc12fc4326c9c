"""Models of other events than the live ones: at an earlier moment, over some cases."""
