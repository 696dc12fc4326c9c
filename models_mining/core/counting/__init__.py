"""Counts with bounded memory: edges, pairs, prefixes, quantiles."""
