"""Leases, limits, HTTP, drawing and page helpers of all apps: no domain, and no app is known here."""
