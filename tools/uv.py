"""uv with pip's settings of this machine, which uv does not read itself."""

import ast
import os
import subprocess
import sys
from pathlib import Path

# The settings of pip that concern the connection, and uv's names for them. Further indexes, local folders and
# constraints are left out on purpose: only what the index itself has may get into the locked requirements.
CONNECTION = {
    "index-url": "UV_DEFAULT_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
}
PASSED = {*CONNECTION.values(), "UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE"}
SECTIONS = ("global", "install", ":env:")  # of pip's settings; a later one has precedence


def run(*arguments: str | Path, given: str = "") -> None:
    """Run uv with ``given`` as its standard input. Raises CalledProcessError if it fails; uv has then printed why."""
    command = [Path(sys.executable).parent / "uv", "--quiet", "--no-config", *arguments]
    subprocess.run(command, check=True, env=environment(), input=given, text=True)


def environment() -> dict[str, str]:
    """Return the caller's environment with pip's settings in it. Variables that are set already have precedence."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UV_") or name in PASSED}
    settings = pip_settings()
    return {CONNECTION[name]: value for name, value in settings.items() if name in CONNECTION} | kept


def pip_settings() -> dict[str, str]:
    """Return pip's settings for installing, from its files and its environment variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    return {name: value for section in SECTIONS for name, value in found[section].items()}
