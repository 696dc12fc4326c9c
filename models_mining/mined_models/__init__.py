"""Mined models: pictures, publishing, snapshots, API."""
