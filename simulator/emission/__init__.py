"""Emission of events: their rate over time, their form on the wire, the way to the sinks."""
