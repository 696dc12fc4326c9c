"""Where events come from and where they are stored: brokers, streams, logs, events, files."""
