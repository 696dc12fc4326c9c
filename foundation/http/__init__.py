"""REST helpers: errors, limits, idempotency, lists, and requests to other servers."""
