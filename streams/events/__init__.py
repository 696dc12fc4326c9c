"""The events table: storing, reading, removal."""
