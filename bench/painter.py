"""A miner for `bench/fanout.py`: so many pictures a second of one model, each with a few changes."""

import os
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procmine.settings")
django.setup()

from foundation.processes import hints  # noqa: E402
from models_mining.mined_models.pictures import Picture, next_picture  # noqa: E402
from models_mining.models import MinedModel  # noqa: E402

NODES = 30
CHANGES = 3


def drawing(step: int) -> Any:
    """A ring of activities; with each step CHANGES of them, and the edges behind them, count one more."""
    counts = [(step * CHANGES - place - 1) // NODES for place in range(NODES)]
    nodes = [
        {"id": place, "label": f"Activity {place}", "n": n, "starts": 0, "ends": place, "open": 1}
        for place, n in enumerate(counts)
    ]
    edges = [
        {"s": place, "t": (place + 1) % NODES, "n": n, "mean_s": 35.25, "median_s": 30.0, "p95_s": 95.0}
        for place, n in enumerate(counts)
    ]
    return {"kind": "graph", "nodes": nodes, "edges": edges}


def main(rate_hz: float) -> None:
    (model,) = MinedModel.objects.filter(log__slug="bench")
    picture: Picture | None = None
    began = time.monotonic()
    version = 0
    while True:
        version += 1
        at = "2026-01-02T10:00:00+00:00"
        picture = next_picture(
            picture,
            drawing(version),
            epoch="bench",
            version=version,
            seq=version,
            at=at,
            moves=[(f"case-{version}", 1, 2, at)] * 2,
            moved=2 * version,
        )
        MinedModel.objects.filter(pk=model.pk).update(epoch="bench", version=version, seq=version, picture=picture)
        hints.send(hints.PICTURES, model.pk)
        time.sleep(max(0.0, began + version / rate_hz - time.monotonic()))


if __name__ == "__main__":
    main(float(sys.argv[1]))
