"""Processes: leases, hints, child processes, shutdown."""
