"""Cases and variants: filters, statistics, API."""
