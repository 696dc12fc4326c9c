"""The table of programs that tests, benchmarks and commands start, with the package that each comes from.

Every other module gets a program from `find` or by its name from a PATH that `restrict` limits to this table and to
Debian's essential packages. So a program that somebody installed by hand is not found, and a missing row shows on every
machine, not only on a clean one.

``python -m tests.tools.programs install`` installs what is missing, ``… list`` prints the table. Both need nothing but
Python's standard library.
"""

import argparse
import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEBIAN_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")  # not /usr/local
RESTRICTED = "TESTS_PROGRAMS"  # the folder of links, for processes whose PATH is restricted already


@dataclass(frozen=True)
class Program:
    """One program: its name, where it comes from, who starts it.

    `package` is a Debian package, or ``pip`` for a program that requirements-dev.txt brings into the environment.
    `users` are the files that start it. `purpose` is ``test`` if `make test` needs it, else the command that does.
    """

    name: str
    package: str
    users: tuple[str, ...]
    purpose: str = "test"
    needs: tuple[str, ...] = field(default=())  # further packages without which it does not work

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages to install."""
        return () if self.package == "pip" else (self.package, *self.needs)


MOSQUITTO_USERS = (
    "tests/conftest.py",
    "tests/streams/brokers/test_check_broker.py",
    "tests/faults/world.py",
    "tests/procmine/test_delivery.py",
    "tests/simulator/test_command.py",
    "tests/simulator/sinks/test_mqtt.py",
    "tests/streams/recording/test_connection.py",
    "bench/world.py",
)
PROGRAMS = (
    Program("mosquitto", "mosquitto", MOSQUITTO_USERS),
    Program("mosquitto_passwd", "mosquitto", ("tests/streams/recording/test_connection.py",)),
    Program(
        "mosquitto_pub",
        "mosquitto-clients",
        (
            "tests/streams/recording/test_connection.py",
            "tests/streams/recording/test_health.py",
            "tests/streams/recording/test_outages.py",
            "bench/memory.py",
        ),
    ),
    Program(
        "redis-server",
        "redis-server",
        ("tests/conftest.py", "tests/procmine/test_delivery.py", "bench/brokers.py", "bench/hints.py"),
    ),
    Program("initdb", "postgresql", ("tests/tools/cluster.py", "tests/scale/conftest.py")),
    Program("postgres", "postgresql", ("tests/tools/cluster.py",)),
    Program("pg_dump", "postgresql-client", ("procmine/backup.py",)),
    Program("pg_restore", "postgresql-client", ("procmine/backup.py",)),
    Program(
        "chromium-headless-shell",
        "chromium-headless-shell",
        ("tests/api/test_documents.py", "tests/browser/conftest.py", "tests/end_to_end/test_react.py"),
        needs=("fonts-dejavu-core",),
    ),
    Program("chromium", "chromium", ("bench/browser.py",), purpose="bench", needs=("fonts-dejavu-core",)),
    Program(
        "openssl",
        "openssl",
        (
            "tests/abuse/test_webhook_addresses.py",
            "tests/procmine/test_delivery.py",
            "tests/streams/recording/test_connection.py",
        ),
    ),
    Program("curl", "curl", ("tests/api/test_client_page.py", "tests/procmine/test_documents.py")),
    Program("dot", "graphviz", ("tests/simulator/world/test_graph.py",)),
    Program(
        "git",
        "git",
        (
            "procmine/source_files.py",
            "tests/procmine/test_delivery.py",
            "tests/procmine/test_package.py",
            "tests/procmine/test_programs.py",
            "tests/procmine/site/test_site.py",
            "tests/tools/dockerfile.py",
            "tests/tools/rehearsal.py",
        ),
    ),
    Program(
        "make",
        "make",
        ("tests/procmine/test_documents.py", "tests/procmine/test_release.py", "tests/procmine/test_output.py"),
    ),
    Program("debootstrap", "debootstrap", ("tests/tools/rehearsal.py",), purpose="rehearse"),
    Program("caddy", "pip", ("tests/procmine/test_delivery.py",)),
    Program("hadolint", "pip", ("tests/procmine/test_delivery.py",)),
    Program("noida-db", "pip", ("tests/simulator/kafka_server.py",)),
)
BY_NAME = {program.name: program for program in PROGRAMS}


class MissingProgramError(Exception):
    """A program of the table is not installed; the message says how to install it."""


def find(name: str) -> Path:
    """Return the path of a program of the table.

    Raises KeyError for a name that is not in the table, MissingProgramError if it is not installed.
    """
    program = BY_NAME[name]
    found = _located(name) if program.package != "pip" else _beside_python(name)
    if found is None:
        raise MissingProgramError(f"{name} is not installed: run `make programs FOR={program.purpose}`.")
    return found


def restrict() -> None:
    """Limit PATH to the programs of the table and of Debian's essential packages.

    Child processes inherit it. Where there is no dpkg nothing is essential, so PATH stays as it is.
    """
    if os.environ.get(RESTRICTED) == os.environ["PATH"] or not _dpkg():
        return
    folder = Path(tempfile.mkdtemp(prefix="procmine-programs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ours = [found for program in PROGRAMS if program.package != "pip" and (found := _located(program.name))]
    for file in [*ours, *_essential()]:
        link = folder / file.name
        if not link.is_symlink():  # ours come first
            link.symlink_to(file)
    folder.chmod(0o755)  # PostgreSQL runs as another user
    os.environ["PATH"] = os.environ[RESTRICTED] = str(folder)


def _located(name: str) -> Path | None:
    """Return where a Debian package puts ``name``, the newest version first; elsewhere where PATH has it."""
    if not _dpkg():
        return Path(found) if (found := shutil.which(name)) else None
    for pattern in DEBIAN_FOLDERS:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True):
            if os.access(folder / name, os.X_OK):
                return folder / name
    return None


def _version(folder: Path) -> tuple[int, ...]:
    """Return the numbers in the path, so that 17 sorts after 9."""
    return tuple(int(part) for part in folder.parts if part.isdigit())


def _beside_python(name: str) -> Path | None:
    found = Path(sys.executable).parent / name
    return found if os.access(found, os.X_OK) else None


@functools.cache
def _dpkg() -> str | None:
    return shutil.which("dpkg-query", path="/usr/bin:/bin")


def _essential() -> list[Path]:
    """Return the programs of Debian's essential packages, and of the alternatives that these provide (awk)."""
    dpkg = str(_dpkg())
    shown = subprocess.run([dpkg, "-W", "-f", r"${Essential} ${Package}\n"], check=True, capture_output=True, text=True)
    names = [line.removeprefix("yes ") for line in shown.stdout.splitlines() if line.startswith("yes ")]
    listed = subprocess.run([dpkg, "-L", *names, "mawk"], check=False, capture_output=True, text=True)
    folders = {Path(folder) for folder in DEBIAN_FOLDERS[1:]}
    files = [Path(line) for line in listed.stdout.splitlines()]
    return [file for file in [*files, Path("/usr/bin/awk")] if file.parent in folders and os.access(file, os.X_OK)]


def missing(purposes: Iterable[str]) -> list[Program]:
    """Return the programs of Debian packages that these purposes need and that are not installed with all they need."""
    wanted = set(purposes)
    ours = (program for program in PROGRAMS if program.purpose in wanted and program.package != "pip")
    return [program for program in ours if not complete(program)]


def complete(program: Program) -> bool:
    """Return whether a program of a Debian package is there, and where dpkg can tell also the packages it needs."""
    if _located(program.name) is None:
        return False
    if not program.needs or not (dpkg := _dpkg()):
        return True
    command = [dpkg, "-W", "-f", r"${db:Status-Status}\n", *program.needs]
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    return shown.stdout.split() == ["installed"] * len(program.needs)


def install(purposes: Sequence[str]) -> int:
    """Install what is missing with apt-get where this user may; report what is still missing. Return an exit status.

    In CI a missing program is a failure. Elsewhere the tests that need it are skipped with that reason.
    """
    wanted = missing(purposes)
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if wanted and shutil.which("apt-get") and _may(sudo):
        packages = _packages(wanted)
        print("Installing with apt-get:", *packages, flush=True)  # noqa: T201
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        get = [*sudo, "apt-get", "-qq"]
        subprocess.run([*get, "update"], check=False, env=environment)
        command = [*get, "install", "--yes", "--no-install-recommends", *packages]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
        wanted = missing(purposes)
    if not wanted:
        return 0
    for program in wanted:
        sys.stderr.write(f"{program.name} is missing (Debian: {' '.join(program.packages)})\n")
    if os.environ.get("CI") == "true" or "test" not in purposes:
        return 1
    sys.stderr.write(
        "The tests that need them are skipped. On Debian and Ubuntu: "
        f"sudo apt-get install --no-install-recommends {' '.join(_packages(wanted))}\n"
    )
    return 0


def _may(sudo: list[str]) -> bool:
    """Return whether this user may become root without a password."""
    if not sudo:
        return True
    asked = [*sudo, "true"]
    return shutil.which("sudo") is not None and not subprocess.run(asked, check=False, capture_output=True).returncode


def _packages(programs: Iterable[Program]) -> list[str]:
    return sorted({package for program in programs for package in program.packages})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("install", "list"))
    parser.add_argument("purposes", nargs="*", help="of: test, bench, rehearse (default: all)")
    options = parser.parse_args()
    purposes = options.purposes or sorted({program.purpose for program in PROGRAMS})
    if unknown := set(purposes) - {program.purpose for program in PROGRAMS}:
        parser.error(f"no program is for {', '.join(sorted(unknown))}")
    if options.command == "install":
        return install(purposes)
    for program in PROGRAMS:
        if program.purpose in purposes:
            print(f"{program.name:24} {program.package:24} {program.purpose:10} {', '.join(program.users)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
