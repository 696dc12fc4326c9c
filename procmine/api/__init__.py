"""The REST API put together: errors, tokens, documents; the resources live in their apps."""
