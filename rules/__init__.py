"""What happens because of an event: rules over logs, what they match, and what follows from a match."""
