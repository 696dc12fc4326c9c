"""What is in the sdist and in the wheel. Hatchling runs this when it builds one of them (pyproject.toml).

The sdist holds the files that git lists. The wheel holds our packages, and in the folder ``procmine/packaged`` the
templates, the static files and the sdist, which an installed procmine offers at ``/source/``.
"""

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.sdist import SdistBuilder


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            root = Path(self.root)
            files = runpy.run_path(str(root / "procmine" / "source_files.py"))["source_files"](root)
            build_data["force_include"] = {str(file): str(file.relative_to(root)) for file in files}
        elif version == "standard":  # an editable wheel leads to the checkout, where all of it is
            self.folder = tempfile.mkdtemp()
            [sdist] = SdistBuilder(self.root).build(directory=self.folder, versions=["standard"])
            build_data["force_include"] |= {
                "templates": "procmine/packaged/templates",
                "static": "procmine/packaged/static",
                sdist: "procmine/packaged/source.tar.gz",
            }

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.target_name == "wheel" and version == "standard":
            shutil.rmtree(self.folder)
