"""Conformance of logs with reference models."""
