"""Jobs: long-running work requested by users."""
