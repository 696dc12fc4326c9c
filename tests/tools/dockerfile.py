"""The Dockerfile's steps as a shell script for a bare Debian, where no container engine is at hand.

``context FOLDER`` copies the build context, as .dockerignore leaves it, to a folder. ``script`` prints a shell script
that does the steps of all stages in one root, with the context in /context. That root needs python3 and python3-venv;
``suite`` prints the release of Debian it should have. What the script leaves is what the image holds, and the build
stage's files beside it.
"""

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools.programs import find

ROOT = Path(__file__).resolve().parent.parent.parent
SHELL_STEPS = {"ARG", "COPY", "ENV", "RUN", "WORKDIR"}
OTHERS = {"CMD", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "USER", "VOLUME"}
# Debian's Python where the official image has its own: `python` and `pip` in /usr/local/bin.
PYTHON = "python3 -m venv /usr/local && export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Step:
    """One instruction of a stage: its name in capitals, and what follows on one line."""

    stage: str
    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value as a list, in either of Docker's forms."""
        return list(json.loads(self.value)) if self.value.startswith("[") else shlex.split(self.value)


def parse(text: str) -> list[Step]:
    """Return the steps of a Dockerfile. Raises ValueError for an instruction that is not known here."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    steps: list[Step] = []
    stage = ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, value = line.strip().partition(" ")
        name, value = name.upper(), value.strip()
        if name not in SHELL_STEPS | OTHERS:
            raise ValueError(f"{name}: no such instruction is known here")
        if name == "FROM":
            image, _, label = value.partition(" AS ")
            stage = label.strip() or image
        steps.append(Step(stage, name, value))
    return steps


def last(steps: Sequence[Step], name: str) -> Step:
    """Return the step that counts of those with this name."""
    return [step for step in steps if step.name == name][-1]


def suite(steps: Sequence[Step]) -> str:
    """Return the release of Debian of the last stage."""
    return last(steps, "FROM").value.rpartition("-")[2]


def environment(steps: Sequence[Step]) -> list[str]:
    """Return shell lines that set the environment of the last stage."""
    stage = last(steps, "FROM").stage
    return [_line(step) for step in steps if step.stage == stage and step.name == "ENV"]


def script(steps: Sequence[Step]) -> str:
    """Return the shell script of the steps. A copy from an earlier stage to the same place is nothing to do."""
    lines = ["set -eu", PYTHON]
    for step in steps:
        if step.name == "FROM":
            lines += [*([")"] if len(lines) > 2 else []), "(", "cd /"]  # a stage has an environment of its own
        elif step.name in SHELL_STEPS:
            lines.append(_line(step))
    return "\n".join([*lines, ")", ""])


def _line(step: Step) -> str:
    if step.name == "RUN":
        return f"sh -ec {shlex.quote(step.value)}"
    if step.name in ("ENV", "ARG"):
        return f"export {step.value}"
    if step.name == "WORKDIR":
        return f"mkdir -p {step.value} && cd {step.value}"
    options = [word for word in step.words if word.startswith("--")]
    *sources, target = [word for word in step.words if not word.startswith("--")]
    if options:
        if sources != [target] or not options[0].startswith("--from="):
            raise ValueError(f"COPY {step.value}: only copies from a stage to the same place are known here")
        return f"test -e {target}"
    target = shlex.quote(target)
    found = " ".join(shlex.quote(f"/context/{source}") for source in sources)
    if sources == ["."]:
        return f"mkdir -p {target} && cp -R /context/. {target}"
    return f"mkdir -p {target} && cp -R {found} {target}"


# --- The context ------------------------------------------------------------------------


def sent(names: Iterable[str], ignore: str) -> list[str]:
    """Return those of the files that are part of the build context, given the text of .dockerignore.

    The last pattern that matches a file or one of its folders decides.
    Source: Dockerfile reference, ".dockerignore file"; github.com/moby/patternmatcher.
    """
    lines = [line.strip() for line in ignore.splitlines() if line.strip() and not line.startswith("#")]
    rules = [(not line.startswith("!"), _pattern(line.removeprefix("!").strip("/"))) for line in lines]
    return [name for name in names if not _is_ignored(name, rules)]


def _is_ignored(name: str, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    parts = name.split("/")
    places = ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]
    ignored = False
    for ignores, pattern in rules:
        if ignores != ignored and any(pattern.fullmatch(place) for place in places):
            ignored = ignores
    return ignored


def _pattern(text: str) -> re.Pattern[str]:
    """Go's filepath.Match, with ``**`` for any number of folders."""
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    words = re.split(r"(\*\*/|\*\*|\*|\?)", text)
    return re.compile("".join(pieces.get(word, re.escape(word)) for word in words))


def copy_context(checkout: Path, target: Path) -> None:
    """Copy what git lists of a checkout and .dockerignore lets pass."""
    command = [find("git"), "ls-files", "-z"]
    listed = subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in sent(filter(None, listed), (checkout / ".dockerignore").read_text()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout / name, target / name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["context", "script", "suite"])
    parser.add_argument("folder", nargs="?", type=Path)
    options = parser.parse_args()
    steps = parse((ROOT / "Dockerfile").read_text())
    if options.what == "context":
        if options.folder is None:
            parser.error("context: where to?")
        copy_context(ROOT, options.folder)
    else:
        sys.stdout.write(script(steps) if options.what == "script" else f"{suite(steps)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
