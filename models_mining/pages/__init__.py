"""Pages of cases, variants, statistics, conformance, drift and predictions."""
