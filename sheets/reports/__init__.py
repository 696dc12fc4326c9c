"""Activity reports of apps."""
