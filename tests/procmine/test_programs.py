"""Tests and benchmarks start the programs of one table, and see no others."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.procmine.conftest import ROOT
from tests.tools.programs import BY_NAME, PROGRAMS, Program, complete, find

ASKING = {"needs", "find", "_run_postgresql"}  # functions whose first argument names a program
STARTING = {
    *(f"subprocess.{name}" for name in ("run", "Popen", "call", "check_call", "check_output")),
    *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "os.system", "os.execvp"),
}
SEARCHING = {
    "procmine/backup.py",
    "tests/procmine/test_programs.py",
    "tests/tools/programs.py",
    "tests/tools/rehearsal.py",
}
BY_NAME_STARTING = {
    "procmine/source_files.py"
}  # start a program of the table by its name: they cannot import the table
ESSENTIAL = {"sh", "bash", "dpkg-query", "unshare"}  # of Debian's essential packages: always there
debian = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not a Debian")


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every Python file of the repository that may start a program."""
    listed = subprocess.run(
        [find("git"), "ls-files", "-z", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).exists():
            yield name, ast.parse((ROOT / name).read_text())


def called(node: ast.AST) -> str:
    """The function that a call calls, as it is written; nothing for other nodes."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def first_words(tree: ast.Module) -> Iterator[str]:
    """The literal first word of every command that is started, also where a variable holds the command."""
    commands = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if called(node) in STARTING and isinstance(node, ast.Call) and node.args:
            command = node.args[0]
            if isinstance(command, ast.Name):
                command = commands.get(command.id, command)
            if isinstance(command, ast.List | ast.Tuple) and command.elts:
                command = command.elts[0]
            if isinstance(command, ast.Constant) and isinstance(command.value, str):
                yield command.value


def test_the_table_names_who_starts_each_program() -> None:
    asking: dict[str, set[str]] = {}
    for name, tree in sources():
        for node in ast.walk(tree):
            if called(node) in ASKING and isinstance(node, ast.Call) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and first.value in BY_NAME:
                    asking.setdefault(str(first.value), set()).add(name)
        if name in BY_NAME_STARTING:
            for program_name in set(first_words(tree)) & set(BY_NAME):
                asking.setdefault(program_name, set()).add(name)
    for program in PROGRAMS:
        if program.name == "noida-db":  # its server is started beside its module
            asking["noida-db"] = {"tests/simulator/kafka_server.py"}
        assert set(program.users) == asking.get(program.name, set()), program.name


def test_no_module_starts_a_program_outside_the_table() -> None:
    for name, tree in sources():
        assert set(first_words(tree)) <= (ESSENTIAL | set(BY_NAME) if name in BY_NAME_STARTING else ESSENTIAL), name
        if name not in SEARCHING:
            assert "shutil.which" not in set(map(called, ast.walk(tree))), name


@debian
@pytest.mark.parametrize(
    ("name", "package"),
    [(one.name, one.package) for one in PROGRAMS if one.package != "pip" and one.purpose == "test"],
)
def test_a_program_belongs_to_the_package_that_the_table_names(name: str, package: str) -> None:
    command = ["dpkg-query", "-S", find(name)]
    owner = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.match(rf"{package}(-\d+)?:", owner)  # postgresql brings postgresql-15


@debian
def test_a_program_that_was_installed_by_hand_is_not_found(tmp_path: Path) -> None:
    for name in ("made-by-hand", "redis-server"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    names = ("made-by-hand", "redis-server", "sh", "python3", "gcc")
    script = f"import shutil; print(*map(shutil.which, {names}))"
    environment = {name: value for name, value in os.environ.items() if name != "TESTS_PROGRAMS"}
    environment["PATH"] = f"{tmp_path}:/usr/local/bin:/usr/bin:/bin"
    command = [sys.executable, "-m", "tests.tools.run", sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    by_hand, redis, shell, *others = done.stdout.split()
    assert (by_hand, others) == ("None", ["None", "None"])
    assert Path(redis).parent == Path(shell).parent != tmp_path


@debian
@pytest.mark.parametrize(
    ("name", "needs", "expected"),
    [
        ("sh", (), True),
        ("sh", ("dpkg", "bash"), True),
        ("sh", ("dpkg", "no-such-package"), False),
        ("no-such-program", (), False),
    ],
)
def test_a_program_is_complete_with_the_packages_it_needs_only(
    name: str, needs: tuple[str, ...], *, expected: bool
) -> None:
    assert complete(Program(name, "package", (), needs=needs)) == expected


def test_this_test_runs_with_the_programs_of_the_table_only() -> None:
    assert os.environ["PATH"] == os.environ["TESTS_PROGRAMS"]
    assert shutil.which("gcc") is None


def test_a_name_outside_the_table_is_an_error() -> None:
    with pytest.raises(KeyError):
        find("gcc")
