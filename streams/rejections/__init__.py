"""Rejected messages and rows, and their reasons."""
