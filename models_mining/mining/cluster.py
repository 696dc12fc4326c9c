"""Work on a Dask cluster (the extra ``dask``). Imports neither Django nor an app: workers load this first."""

from collections.abc import Iterator

CONNECT_S = 5.0


class ClusterError(RuntimeError):
    """The cluster cannot be used; the message says why and what to do."""


def workers(address: str) -> int:
    """How many threads the workers of the cluster have together."""
    with _client(address) as client:
        number = sum(client.nthreads().values())
    if not number:
        raise ClusterError(f"The cluster at {address} has no workers. Start some: dask worker {address}")
    return int(number)


def run(address: str, function: str, parts: list[bytes]) -> Iterator[bytes]:
    """What ``function`` (``package.module.name``) answers for each of ``parts``, in order, one after the other."""
    with _client(address) as client:
        futures = client.map(call, [function] * len(parts), parts, pure=False)
        for place, future in enumerate(futures):
            yield future.result()
            futures[place] = None  # its result need not stay in the cluster


def call(function: str, arguments: bytes) -> bytes:
    """On a worker: call a function. It has to reach the same database, as PROCMINE_DATABASE_URL tells it."""
    import os

    import django
    from django.apps import apps

    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procmine.settings")
        django.setup()
    from django.db import connection
    from django.utils.module_loading import import_string

    try:
        answer: bytes = import_string(function)(arguments)
        return answer
    finally:
        connection.close()  # each task may run in a thread of its own


def _client(address: str):  # type: ignore[no-untyped-def]  # the package is optional, so is its type
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError('Dask is not installed: pip install "procmine[dask]"') from error
    try:
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_S, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise ClusterError(f"There is no Dask scheduler at {address}: {error}") from error
