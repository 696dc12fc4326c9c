"""The live socket: protocol, subscriptions, feed."""
