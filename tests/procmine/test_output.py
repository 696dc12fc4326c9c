"""`make test` and `make check` say little while all is well, and everything about a failure."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.programs import find

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(300))
def test_passes(number): pass

def test_fails(): assert "the left" == "the right"

@pytest.fixture
def broken(): raise OSError("no such part")

def test_breaks(broken): pass

@pytest.mark.skip(reason="no moon tonight")
@pytest.mark.parametrize("number", range(20))
def test_is_left_out(number): pass
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE", "PROCMINE_"))}
    return subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def run_pytest(folder: Path, *options: str) -> tuple[int, list[str]]:
    """Run pytest with the options of the Makefile on the tests of a folder."""
    (pytest_options,) = re.findall(r"^PYTEST := \S+ (-m pytest .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    own = ["-p", "no:django", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder), "-ra"]
    done = run(sys.executable, *pytest_options.split(), *own, *options, str(folder))
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "side by side"])
def test_three_hundred_tests_that_pass_are_ten_lines(tmp_path: Path, workers: list[str]) -> None:
    (tmp_path / "test_all.py").write_text(TESTS)
    status, lines = run_pytest(tmp_path, "-k", "passes", *workers)
    assert status == 0
    steps = [line.split()[0] for line in lines if re.match(r" *\d+% \d+ of 300 tests, \d+ s$", line)]
    assert steps == [f"{tenth}0%" for tenth in range(1, 11)]
    assert len(lines) <= 16, lines


def test_a_failure_is_named_at_once_and_shown_whole_and_skips_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "test_all.py").write_text(TESTS)
    status, lines = run_pytest(tmp_path)
    text = "\n".join(lines)
    assert status == 1
    assert re.search(r"^FAILED \S*::test_fails, \d+ s$", text, re.MULTILINE)
    assert re.search(r"^ERROR at setup of \S*::test_breaks, \d+ s$", text, re.MULTILINE)
    assert "assert 'the left' == 'the right'" in text
    assert "OSError: no such part" in text
    assert sum("no moon tonight" in line for line in lines) == 1
    assert lines[-1].startswith("1 failed, 300 passed, 20 skipped, 1 error in")


def test_a_check_is_a_line_where_it_passes_and_all_of_its_output_where_it_fails(tmp_path: Path) -> None:
    (quietly,) = re.findall(r"^quietly = .*$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    makefile = tmp_path / "Makefile"
    makefile.write_text(
        f"{quietly}\ngood:\n\t$(call quietly,good,seq 99)\nbad:\n\t$(call quietly,bad,seq 99; exit 3)\n"
    )
    good, bad = (run(str(find("make")), "-f", str(makefile), goal) for goal in ("good", "bad"))
    assert (good.returncode, good.stdout) == (0, "good: ok\n")
    assert bad.stdout.splitlines()[:100] == [*map(str, range(1, 100)), "bad: failed"]
    assert "Error 3" in bad.stdout
