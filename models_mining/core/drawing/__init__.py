"""Models as plain values and as drawings."""
