"""Compile the locked requirements: every package with its version and the hashes of its files, for all our Pythons.

``python -m tools.lock`` keeps what is locked where it still fits; ``--upgrade`` takes the newest of everything that the
inputs leave open. The files hold no address: the hashes hold for every index. Runs in the root of a checkout.
"""

import argparse
import sys
import tomllib
from pathlib import Path
from subprocess import CalledProcessError

from tools import uv

OLDEST = "3.11"


def lock(*options: str) -> None:
    """Write the locked files. Raises CalledProcessError where no solution is found."""
    project = tomllib.loads(Path("pyproject.toml").read_text())
    _compile("requirements.txt", "base", *options)
    kafka = "\n".join(project["project"]["optional-dependencies"]["kafka"])
    _compile("requirements.txt", "image", "--constraint=requirements/base.txt", *options, given=kafka)
    _compile("requirements-dev.txt", "dev", "--constraint=requirements/image.txt", *options)
    for name in ("pip", "tools"):
        _compile(f"requirements/{name}.in", name, *options)
    _compile("", "build", *options, given="\n".join(project["build-system"]["requires"]))


def _compile(source: str, name: str, *options: str, given: str = "") -> None:
    """Compile ``source``, if not empty, and the requirements ``given`` to the locked file of that name."""
    sources = [*([source] if source else []), *(["-"] if given else [])]
    command = ["pip", "compile", "--universal", "--generate-hashes", f"--python-version={OLDEST}"]
    # One version of each package for all Pythons, where there is one.
    command += ["--fork-strategy=fewest", "--custom-compile-command=make lock", f"--python={sys.executable}"]
    uv.run(*command, *options, f"--output-file=requirements/{name}.txt", *sources, given=given)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true")
    options = parser.parse_args()
    try:
        lock(*(["--upgrade"] if options.upgrade else []))
    except CalledProcessError as error:
        return int(error.returncode)
    return 0


if __name__ == "__main__":
    sys.exit(main())
