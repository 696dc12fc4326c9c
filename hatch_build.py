"""What is in the sdist and in the wheel. Hatchling runs this when it builds one of them (pyproject.toml).

Both hold only files that git lists. The wheel holds our packages, and in ``procmine/packaged`` the templates, the
static files and the sdist, which an installed procmine offers at ``/source/``.
"""

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.sdist import SdistBuilder

BESIDE = ("templates/", "static/")


class CustomBuildHook(BuildHookInterface):
    """Chooses the files; ``only-include`` of pyproject.toml keeps hatchling from choosing others."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        source = runpy.run_path(str(root / "procmine" / "source_files.py"))
        packages = tuple(f"{app}/" for app in source["APPS"])
        names = [file.relative_to(root).as_posix() for file in source["source_files"](root)]
        if self.target_name == "sdist":
            build_data["force_include"] = {name: name for name in names}
        elif version == "standard":  # an editable wheel leads to the checkout, where all of it is
            self.folder = tempfile.mkdtemp()
            [sdist] = SdistBuilder(self.root).build(directory=self.folder, versions=["standard"])
            inside = {name: name for name in names if name.startswith(packages)}
            beside = {name: f"procmine/packaged/{name}" for name in names if name.startswith(BESIDE)}
            build_data["force_include"] = {**inside, **beside, sdist: "procmine/packaged/source.tar.gz"}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.target_name == "wheel" and version == "standard":
            shutil.rmtree(self.folder)
