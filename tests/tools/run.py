"""Run a command with a state folder of its own, and if asked with a PostgreSQL of its own; both are gone afterwards.

``python -m tests.tools.run [--postgresql] COMMAND…``. Settings of the caller (``PROCMINE_…``) do not reach the command,
but for PROCMINE_SAMPLE_LOGS, the folder of real logs that some tests read.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile

from tests.tools.cluster import Cluster

KEPT = ("PROCMINE_SAMPLE_LOGS", "PROCMINE_SCREENSHOTS")  # what tests read and may write themselves


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    environment = {
        name: value for name, value in os.environ.items() if name in KEPT or not name.startswith("PROCMINE_")
    }
    with contextlib.ExitStack() as stack:
        environment["PROCMINE_VAR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="procmine-tests-"))
        if options.postgresql:
            try:
                environment["PROCMINE_DATABASE_URL"] = stack.enter_context(Cluster()).url
            except FileNotFoundError:
                sys.stderr.write("PostgreSQL is not installed: these tests are left out.\n")
                return 1 if os.environ.get("CI") == "true" else 0
        return subprocess.run(options.command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
