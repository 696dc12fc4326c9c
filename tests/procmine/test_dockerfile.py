"""The steps of a Dockerfile as a shell script, and what .dockerignore lets pass."""

import subprocess
from pathlib import Path

import pytest

from tests.procmine.conftest import ROOT
from tests.tools import dockerfile

TWO_STAGES = """
# A comment
FROM python:3.13.1-slim-trixie AS build
ARG GREETING=hello
ENV NAME="two words" PLACE={place}
WORKDIR {place}/site
COPY docs/a.txt docs/b.txt texts/
# between
RUN echo "$GREETING $NAME" > said \\
 # and here
 && cat texts/*.txt >> said

FROM python:3.13.1-slim-trixie
COPY --from=build {place}/site {place}/site
RUN test -z "${{NAME:-}}" && cp {place}/site/said {place}/copied
CMD ["daphne", "--port", "8000"]
"""


def test_our_dockerfile_is_read_whole() -> None:
    steps = dockerfile.parse((ROOT / "Dockerfile").read_text())
    assert [step.name for step in steps if step.stage == "build"] == [
        *("FROM", "ENV", "WORKDIR", "COPY", "RUN", "COPY", "RUN"),
    ]
    assert dockerfile.suite(steps) == "trixie"
    assert "\\" not in "".join(step.value for step in steps)
    script = dockerfile.script(steps)
    assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0
    assert script.count("sh -ec ") == sum(step.name == "RUN" for step in steps) == 3


def test_the_script_does_what_the_steps_say(tmp_path: Path) -> None:
    steps = dockerfile.parse(TWO_STAGES.format(place=tmp_path))
    assert dockerfile.last(steps, "CMD").words == ["daphne", "--port", "8000"]
    (tmp_path / "context" / "docs").mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / "context" / "docs" / f"{name}.txt").write_text(f"{name}\n")
    script = dockerfile.script(steps).replace(dockerfile.PYTHON, ":").replace("/context/", f"{tmp_path}/context/")
    subprocess.run(["sh", "-c", script], check=True)
    assert (tmp_path / "copied").read_text() == "hello two words\na\nb\n"


def test_a_step_that_fails_ends_the_script() -> None:
    steps = dockerfile.parse("FROM a\nRUN false && true\nRUN echo on\nFROM a\nRUN echo on")
    script = dockerfile.script(steps).replace(dockerfile.PYTHON, ":")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_an_unknown_instruction_is_refused() -> None:
    with pytest.raises(ValueError, match="ADD"):
        dockerfile.parse("FROM a\nADD x y")


@pytest.mark.parametrize(
    ("ignore", "passing"),
    [
        ("", ["a", "docs/a.md", "docs/deep/b.md", "docs/.env"]),
        ("*", []),
        ("*\n!docs", ["docs/a.md", "docs/deep/b.md", "docs/.env"]),
        ("*\n!docs\n**/.*", ["docs/a.md", "docs/deep/b.md"]),
        ("docs/*.md", ["a", "docs/deep/b.md", "docs/.env"]),
        ("**/*.md", ["a", "docs/.env"]),
        ("docs\n!docs/a.md", ["a", "docs/a.md"]),
        ("# docs\n/docs/\n", ["a"]),
        ("?", ["docs/a.md", "docs/deep/b.md", "docs/.env"]),
    ],
)
def test_dockerignore_decides_as_docker_does(ignore: str, passing: list[str]) -> None:
    assert dockerfile.sent(["a", "docs/a.md", "docs/deep/b.md", "docs/.env"], ignore) == passing
