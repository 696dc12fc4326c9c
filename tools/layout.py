"""The list of packages in docs/explanation/architecture.md, written from their docstrings.

``python -m tools.layout`` writes it anew after a package was added, moved or renamed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from procmine.source_files import APPS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "explanation" / "architecture.md"
BEGIN, END = "<!-- packages -->\n", "<!-- end of packages -->\n"
LISTED = [part for app in APPS for part in ([app, "models_mining/core"] if app == "models_mining" else [app])]


def purpose(package: Path) -> str:
    """Return the first line of a package's docstring. Raises ValueError if there is none."""
    described = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    if not described:
        raise ValueError(f"{package.relative_to(ROOT)}/__init__.py needs a docstring that says what the package is for")
    return described.partition("\n")[0]


def packages(app: Path) -> list[Path]:
    """Return the packages of an app, sorted, without Django's own folders (management, migrations, templatetags)."""
    found = {file.parent for file in app.glob("*/__init__.py")}
    return sorted(folder for folder in found if folder.name not in {"management", "migrations", "templatetags"})


def modules(package: Path) -> list[str]:
    """Return the modules of a package and the packages in it (with a slash), sorted."""
    files = [file.stem for file in package.glob("*.py") if file.stem != "__init__"]
    return sorted([*files, *(f"{folder.name}/" for folder in packages(package))])


def tree(app: str) -> Iterator[str]:
    """Yield the lines of an app: its packages with their purpose and modules, then the modules beside them."""
    folder = ROOT / app
    yield f"### {app}\n"
    yield f"{purpose(folder)}\n"
    yield "| package | purpose | modules |\n|---|---|---|"
    for package in packages(folder):
        if package.relative_to(ROOT).as_posix() not in LISTED:
            yield f"| `{package.name}/` | {purpose(package)} | {', '.join(modules(package)) or '–'} |"
    beside = [file.stem for file in sorted(folder.glob("*.py")) if file.stem not in {"__init__", "__main__"}]
    yield f"\nBeside them: {', '.join(beside)}.\n" if beside else ""


def listed() -> str:
    """Return the list of all apps as Markdown."""
    return "\n".join(line for app in LISTED for line in tree(app))


def written(document: str) -> str:
    """Return the document with the list of packages as it is now."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{listed()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
