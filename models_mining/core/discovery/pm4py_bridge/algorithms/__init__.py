"""Discovery algorithms of pm4py."""
