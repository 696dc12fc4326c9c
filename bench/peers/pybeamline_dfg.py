"""pybeamline's directly-follows mapper over the events of ``bench.stream``; prints events per CPU second.

Runs in an environment of its own (`make peers`), so it imports nothing of procmine but the stream of events.
"""

import sys
import time
from pathlib import Path

from pybeamline.bevent import BEvent
from pybeamline.mappers import infinite_size_directly_follows_mapper
from pybeamline.stream.stream import Stream
from reactivex import from_iterable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from stream import events


def main() -> None:
    count = int(sys.argv[1])
    given = [BEvent(activity, case) for case, activity, _ in events(count)]
    pairs: dict[tuple[str, str], int] = {}

    def counted(pair: tuple[str, str]) -> None:
        pairs[pair] = pairs.get(pair, 0) + 1

    began = time.process_time()
    Stream(from_iterable(given)).pipe(infinite_size_directly_follows_mapper()).subscribe(on_next=counted)
    took = time.process_time() - began
    cases = len({case for case, _, _ in events(count)})
    if sum(pairs.values()) != count - cases:
        raise SystemExit(f"{sum(pairs.values())} pairs of {count} events in {cases} cases: this is no comparison")
    print(count / took)


if __name__ == "__main__":
    main()
