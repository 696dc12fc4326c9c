"""Free loopback ports for what tests start."""

import contextlib
import itertools
import os
import socket

_ports = itertools.count(os.getpid() * 97)  # tests that run beside each other begin at different places


def free_port() -> int:
    """Return a free loopback port below those that the system gives to outgoing connections (32768 and more)."""
    while True:
        port = 20_000 + next(_ports) % 12_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
