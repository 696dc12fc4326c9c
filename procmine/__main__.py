"""The command line: ``procmine COMMAND``, ``python -m procmine COMMAND`` or, in a checkout, ``manage.py COMMAND``."""

import os
import sys
import textwrap
from pathlib import Path

from django.conf import settings
from django.core.management import ManagementUtility, get_commands
from environs.exceptions import EnvValidationError

from procmine import __version__

GROUPS = {
    "Run it": {
        "serve": "run all of it on this machine; --demo adds a simulated factory",
        "ingest": "record the events of all streams",
        "mine": "keep the models of all logs up to date",
        "work": "derive slow models; run rules, jobs and schedules",
    },
    "Events": {
        "importlog": "read a log file (XES, CSV) into a log",
        "exportlog": "write a log as XES, CSV or lines of JSON",
        "replay": "publish a log file to a broker as if it happened now",
        "check_broker": "report which events a broker would lose",
    },
    "Models": {
        "audit": "compare live models with batch mining of the stored events",
        "retention": "delete the closed cases that are older than their log keeps them",
    },
    "Simulate": {
        "simulate": "run a simulated process and emit its events",
        "loadbackend": "play the timeframes of a load test into a broker",
    },
    "Maintain": {
        "migrate": "bring the database to this version",
        "backup": "write events, models, users and keys to one file",
        "restore": "replace this installation by a backup",
        "rotate_secrets": "encrypt stored passwords with a new secret key",
        "vendor_check": "compare the vendored browser files with their checksums",
    },
    "Users": {
        "createsuperuser": "create a user with all permissions",
        "changepassword": "change the password of a user",
        "createtoken": "create an API token of a user",
        "axes_reset_username": "unlock the sign-in of a user",
    },
}
INTERNAL = {"run_simulation"}  # started by the web process
WIDTH = 100


class CommandLine(ManagementUtility):
    """Django's command line with our commands first, in groups, and our version."""

    def execute(self) -> None:
        if self.argv[1:] in (["version"], ["--version"]):
            sys.stdout.write(f"procmine {__version__}\n")
            return
        try:
            _ = settings.VAR  # loads the settings
        except EnvValidationError as error:
            sys.exit(str(error))
        except OSError as error:
            sys.exit(f"Cannot write the state folder: {error}. Set PROCMINE_VAR to a folder of yours.")
        super().execute()

    def main_help_text(self, commands_only: bool = False) -> str:
        if commands_only:
            return super().main_help_text(commands_only)
        lines = [f"Usage: {self.prog_name} COMMAND [options]", f"Options of a command: {self.prog_name} help COMMAND"]
        for title, group in GROUPS.items():
            lines += ["", title, *(f"  {name:<20} {purpose}" for name, purpose in group.items())]
        ours = INTERNAL.union(*GROUPS.values())
        rest = " ".join(sorted(set(get_commands()) - ours))
        indent = "  "
        lines += ["", "Of Django and its apps"]
        lines += textwrap.wrap(rest, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        return "\n".join(lines)


def main() -> None:
    """Run the command that the process was started with."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procmine.settings")
    program = Path(sys.argv[0])
    CommandLine(["procmine" if program.name == "__main__.py" else str(program), *sys.argv[1:]]).execute()


if __name__ == "__main__":
    main()
