"""The source of the running version as one file (AGPL-3.0, section 13)."""

import functools
import gzip
import io
import tarfile

from django.conf import settings

from procmine.location import INSTALLED, SOURCE_ARCHIVE
from procmine.source_files import source_files


@functools.cache
def source_archive() -> bytes:
    """Return the sdist that an installed procmine was built with; in a checkout a tar.gz of its `source_files`.

    The same bytes for the same files. Read once: what runs does not change either.
    """
    if INSTALLED:
        return SOURCE_ARCHIVE.read_bytes()
    folder = f"procmine-{settings.VERSION}"
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for file in source_files(settings.BASE_DIR):
            if file.is_relative_to(settings.VAR):
                continue
            info = tarfile.TarInfo(f"{folder}/{file.relative_to(settings.BASE_DIR).as_posix()}")
            info.size = file.stat().st_size
            info.mode = 0o755 if file.stat().st_mode & 0o100 else 0o644
            with file.open("rb") as content:
                tar.addfile(info, content)
    return packed.getvalue()
