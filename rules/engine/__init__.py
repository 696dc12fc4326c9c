"""Evaluation of the rules of a log."""
