"""Report known vulnerabilities of the locked packages: `make audit`.

Exit status 0 if there is none, 1 if there are some, 2 if not every package could be checked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools import uv

LOCKED = ("requirements/dev.txt", "requirements/tools.txt")  # dev.txt holds all of base.txt and image.txt


def main() -> int:
    packages = _audited()
    checked = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in checked if package["vulns"]]
    for package in vulnerable:
        for found in package["vulns"]:
            names = ", ".join([found["id"], *found["aliases"]])
            print(
                f"{package['name']} {package['version']}: {names}, fixed in {', '.join(found['fix_versions']) or '-'}"
            )
    if not checked:
        print("No package could be checked. Run make audit where PyPI's JSON API is reachable.", file=sys.stderr)
        return 2
    print(f"{len(checked)} packages checked, {len(vulnerable)} with known vulnerabilities.")
    if skipped := [package["name"] for package in packages if "skip_reason" in package]:
        print(f"{len(skipped)} could not be checked: {', '.join(skipped)}", file=sys.stderr)
        return 2
    return 1 if vulnerable else 0


def _audited() -> list[dict[str, Any]]:
    """Return pip-audit's report for each locked package; if pip-audit fails, print its reason and return none."""
    environment = uv.environment()
    if certificates := environment.get("SSL_CERT_FILE"):
        environment.setdefault("REQUESTS_CA_BUNDLE", certificates)
    command = [f"{Path(sys.executable).parent}/pip-audit", "--disable-pip", "--progress-spinner=off", "--format=json"]
    command += [f"--requirement={file}" for file in LOCKED]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print((done.stderr.strip().splitlines() or ["pip-audit failed"])[-1], file=sys.stderr)
        return []
    return packages


if __name__ == "__main__":
    sys.exit(main())
