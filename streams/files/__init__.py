"""Event logs as files: XES (IEEE 1849-2016), CSV and lines of JSON, read and written one event at a time."""

from streams.files.reading import LogFile, read_log
from streams.files.rows import BadRow, Columns, FileError, FileEvent, Row

__all__ = ["BadRow", "Columns", "FileError", "FileEvent", "LogFile", "Row", "read_log"]
