"""The command line: ``procmine COMMAND``, ``python -m procmine COMMAND`` or, in a checkout, ``manage.py COMMAND``."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the process was started with."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procmine.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
