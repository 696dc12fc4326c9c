"""Simulation runs started from the page or the API."""
