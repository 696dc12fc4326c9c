"""Which scripts a page needs at once: told to the browser in its head, it asks for all of them together.

Otherwise it finds each only in the one that imports it, and a page that is six imports deep waits six times.
"""

import posixpath
import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

_IMPORTED = re.compile(r'\bfrom "(\.[^"]+)"')  # not import("…"), which waits until it is wanted


@cache
def modules(*entries: str) -> tuple[str, ...]:
    """What the modules ``entries`` (static files) import, and what that does, each once, those of the first before."""
    found: dict[str, None] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop(0)
        path = finders.find(name)
        if not path:
            raise LookupError(f"There is no static file {name}.")
        folder = posixpath.dirname(name)
        for reference in _IMPORTED.findall(Path(str(path)).read_text()):
            imported = posixpath.normpath(posixpath.join(folder, reference))
            if imported not in found:
                found[imported] = None
                waiting.insert(0, imported)
    return tuple(found)
