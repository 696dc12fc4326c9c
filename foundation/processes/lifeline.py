"""Run a module that ends when its parent does: ``python -m foundation.processes.lifeline MODULE ARGUMENTS…``.

Standard input is the lifeline: the parent holds its other end and never writes. However the parent ends, SIGKILL
included, the system closes the pipe; then the module gets SIGTERM, as from the parent itself, and after `GRACE_S` it
and all it started are killed. Nothing of Django is imported here.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_S = 5.0


def _hold(fd: int) -> None:
    """Block until the lifeline is cut, then end this process."""
    while os.read(fd, 1024):
        pass
    # The signal has to reach the main thread: only there does Python run handlers, and only there does it wake a call.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(GRACE_S)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Watch the lifeline in a thread and become the module."""
    threading.Thread(target=_hold, args=(os.dup(sys.stdin.fileno()),), daemon=True, name="lifeline").start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
