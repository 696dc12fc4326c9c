"""What the documents say is so."""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.conftest import needs
from tests.procmine.conftest import ROOT, Running

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS_OF = ["README.md", "CONTRIBUTING.md", "docs/running.md", "docs/deploy.md", "docs/simulator.md"]


def shell_lines(document: str) -> Iterator[str]:
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE):
        yield from block.strip().splitlines()


@pytest.mark.parametrize(("document", "line"), [(name, line) for name in COMMANDS_OF for line in shell_lines(name)])
def test_a_command_in_a_document_exists_as_it_is_written(document: str, line: str) -> None:
    assert subprocess.run(["sh", "-n", "-c", line], check=False).returncode == 0
    words = shlex.split(re.sub(r"^.*\$\((.*?)(?: \|.*)?\)$", r"\1", line))  # what stands inside $(…)
    if words[0] == "make":
        dry_run = [needs("make"), "-n", *words[1:]]
        assert subprocess.run(dry_run, cwd=ROOT, capture_output=True, check=False).returncode == 0
    if "manage.py" in words:
        name, *arguments = words[words.index("manage.py") + 1 :]
        command = load_command_class(get_commands()[name], name)
        command.create_parser("manage.py", name).parse_args(arguments)  # raises CommandError


def test_the_readmes_first_steps_work(run: Callable[..., Running], tmp_path: Path) -> None:
    needs("curl")
    served = run("manage.py", "serve", "--demo", "--port", "0", PROCMINE_BROKER_PORT="0")
    url = re.search(r"serves (\S+)", served.said("serves http"))[1]  # type: ignore[index]
    steps = [line for line in shell_lines("README.md") if "TOKEN" in line]
    assert len(steps) == 5
    script = "\n".join(steps).replace("http://127.0.0.1:8000/", url).replace(".venv/bin/python", sys.executable)
    environment = {"PROCMINE_VAR": str(tmp_path / "var"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["sh", "-euc", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.replace(" ", "")
    assert '"stored":1' in said
    assert '{"id":3,"log":"orders","algorithm":"imd"' in said
    assert said.rstrip().endswith("}")
    assert '"version"' in said.rpartition('{"epoch"')[2]  # the picture, of however few events by now


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), target


def settings_in_the_code() -> dict[str, object]:
    """Name and default of each ``env.kind("NAME", default)``; a default that is not a literal is ``...``."""
    found: dict[str, object] = {}
    for node in ast.walk(ast.parse((ROOT / "procmine" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if (
                isinstance(owner, ast.Name)
                and owner.id == "env"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                default = node.args[1]
                found[f"PROCMINE_{node.args[0].value}"] = default.value if isinstance(default, ast.Constant) else ...
    return found


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = re.findall(
        r"^\| `(PROCMINE_\w+)` \| (.*?) \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE
    )
    code = settings_in_the_code()
    assert sorted(name for name, _ in rows) == sorted(code)
    for name, told in rows:
        default = code[name]
        if default not in ("", ...) and name != "PROCMINE_LOG_LEVEL":
            assert told == f"`{str(default).lower()}`", name


def test_settings_are_read_in_one_place() -> None:
    """No other file of the product asks the environment for settings."""
    for app in (
        "procmine",
        "accounts",
        "live",
        "sheets",
        "rules",
        "simulations",
        "models_mining",
        "streams",
        "foundation",
        "simulator",
    ):
        for file in (ROOT / app).rglob("*.py"):
            if file.name not in {"env.py", "settings.py"}:
                assert not re.search(r"environ(\.get\(|\[)\s*[\"']PROCMINE_", file.read_text()), file


def test_what_is_promised_of_security_has_the_test_that_is_named() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())
    rows = re.findall(r"^\| (?!promise)\w.*$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE)
    assert all("::test_" in row for row in rows)
    assert len(named) >= len(rows)
    for file, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), name
