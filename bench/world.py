"""What benchmarks start: a broker as docs/mosquitto.conf advises it."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

from tests.tools.programs import find, restrict

restrict()

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A loopback port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_broker(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A Mosquitto on loopback; SystemExit where none starts."""
    text = (ROOT / "docs" / "mosquitto.conf").read_text()
    text = re.sub(r"(?m)^listener .*$", f"listener {port} 127.0.0.1", text)
    text = re.sub(r"(?m)^persistence_location .*$", f"persistence_location {folder}/", text)
    config = folder / "mosquitto.conf"
    config.write_text(f"{text}\nuser {os.environ.get('USER', 'root')}\n")
    process = subprocess.Popen([find("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.02)
    process.kill()
    raise SystemExit("mosquitto did not start")
