"""Real logs that some tests read: the XES and CSV files in the folder that PROCMINE_SAMPLE_LOGS names."""

import os
from pathlib import Path

SUFFIXES = (".xes", ".csv", ".xes.gz", ".csv.gz")


def sample_files() -> list[Path]:
    """Return the logs of that folder, sorted; none if the variable is not set. Other kinds of files are ignored."""
    folder = os.environ.get("PROCMINE_SAMPLE_LOGS")
    return sorted(path for path in Path(folder).iterdir() if path.name.endswith(SUFFIXES)) if folder else []
