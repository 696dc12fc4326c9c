"""The browser of tests and benchmarks: Debian's Chromium, so that none is downloaded."""

import os
import shutil

CHROMIUM = os.environ.get("PROCMINE_CHROMIUM", "/usr/bin/chromium")
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM  # the same without windows: a page costs a third
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
