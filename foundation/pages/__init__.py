"""The shell of pages: sortable tables, CSV files, scripts."""
