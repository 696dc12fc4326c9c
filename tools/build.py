"""Build what is published, into dist/: `make release` and `make bundle`.

``python -m tools.build release FOLDER`` builds sdist, wheel, the bill of materials of the image's packages (CycloneDX)
and SHA256SUMS. ``… bundle FOLDER`` packs procmine's wheel and those of all packages of the image, for this version of
Python and this platform, into one archive that installs without an index.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tools import uv

LOCKED = Path("requirements/image.txt")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
INSTALL = """\
#!/bin/sh
# Install procmine from this folder, without an index: sh install.sh [FOLDER]   (PYTHON=python{python})
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${{1:-procmine}}
python=${{PYTHON:-python3}}
asks='import sys, sysconfig; print("%d.%d" % sys.version_info[:2], sysconfig.get_platform())'
export PIP_CONFIG_FILE=/dev/null  # with --isolated: no settings of this machine
if test "$("$python" -c "$asks")" != "{python} {platform}"
then
  echo "This bundle is for Python {python} on {platform}. Try: PYTHON=python{python} sh install.sh" >&2
  exit 1
fi
"$python" -m venv "$target"
"$target/bin/python" -m pip --isolated --disable-pip-version-check install -qq \\
  --no-index --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt"
echo "Start it: $target/bin/procmine serve"
"""
README = """\
procmine {version} for Python {python} on {platform}, with all packages it needs (also for Kafka and PostgreSQL).

    sh install.sh FOLDER          installs into a new or existing environment; no index is asked, all hashes are checked
    FOLDER/bin/procmine serve     starts it

Debian needs the packages python3 and python3-venv. An upgrade is the same with the bundle of the new version.
requirements.txt names every package with its hash.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("product", choices=("release", "bundle"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        made = {"release": release, "bundle": bundle}[options.product](options.folder)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    for file in made:
        print(f"{file}  {file.stat().st_size / 1e6:.1f} MB")
    return 0


def release(folder: Path) -> list[Path]:
    """Build sdist, wheel, bill of materials and their checksums. Raises CalledProcessError if a tool fails."""
    with tempfile.TemporaryDirectory() as built:
        _build(Path(built), "--sdist", "--wheel")
        files = sorted(Path(shutil.move(file, folder / file.name)) for file in Path(built).glob("procmine-*"))
    version = files[0].name.split("-")[1]  # of the wheel
    bill = folder / f"procmine-{version}.cdx.json"
    bill.write_text(json.dumps(_bill_of_materials(version), indent=1))
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{_sha256(file)}  {file.name}\n" for file in [*files, bill]))
    return [*files, bill, sums]


def bundle(folder: Path) -> list[Path]:
    """Pack all wheels with the locked requirements. Raises CalledProcessError if a tool fails or a wheel is missing."""
    with tempfile.TemporaryDirectory() as place:
        wheels = Path(place) / "wheels"
        download = ["-m", "pip", "--disable-pip-version-check", "download", "-qq", f"--dest={wheels}"]
        _run("python", *download, "--require-hashes", "--only-binary=:all:", "-r", LOCKED)
        _build(wheels, "--wheel")
        [ours] = wheels.glob("procmine-*.whl")
        version = ours.name.split("-")[1]
        facts = {"version": version, "python": PYTHON, "platform": sysconfig.get_platform()}
        texts = {
            "requirements.txt": f"{LOCKED.read_text()}procmine=={version} --hash=sha256:{_sha256(ours)}\n",
            "install.sh": INSTALL.format(**facts),
            "README.txt": README.format(**facts),
        }
        for name, text in texts.items():
            (Path(place) / name).write_text(text)
        name = f"procmine-{version}-bundle-python{PYTHON}-{facts['platform']}"
        packed = folder / f"{name}.tar"
        with tarfile.open(packed, "w") as archive:  # wheels are compressed already
            archive.add(place, arcname=name, filter=_plain)
    return [packed]


def _bill_of_materials(version: str) -> dict[str, Any]:
    """Return the locked packages as CycloneDX has them, adding our version and dependencies."""
    command = [
        "-W",
        "ignore",
        "-m",
        "cyclonedx_py",
        "requirements",
        "--pyproject=pyproject.toml",
        "--output-reproducible",
    ]
    found: dict[str, Any] = json.loads(_run("python", *command, LOCKED))
    root = found["metadata"]["component"]
    root |= {"version": version, "purl": f"pkg:pypi/procmine@{version}"}
    parts = [part["bom-ref"] for part in found["components"]]
    others = [entry for entry in found["dependencies"] if entry["ref"] != root["bom-ref"]]
    return found | {"dependencies": [{"ref": root["bom-ref"], "dependsOn": parts}, *others]}


def _build(folder: Path, *kinds: str) -> None:
    """Build with the locked build system, from the files of this checkout."""
    options = ["--no-build-isolation", "--no-create-gitignore", f"--python={sys.executable}", f"--out-dir={folder}"]
    uv.run("build", *kinds, *options)


def _run(program: str, *arguments: str | Path) -> str:
    """Return what a program beside this Python prints."""
    command = [Path(sys.executable).parent / program, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Drop who packed it and when."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


if __name__ == "__main__":
    sys.exit(main())
