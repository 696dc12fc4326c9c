"""The web process: static files, proxies, headers, request bodies."""
