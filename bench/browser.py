"""The live page in a headless Chromium: frames while cases move, layout, boxes that stay, what a first visit costs.

A real page of a real installation follows a log of 60 activities; between it and the server stands a proxy that adds
deltas of its own, ten a second, each with 50 moves and new numbers for every box: 300 dots are on their way at any
moment. The same with dots as SVG elements is what the canvas is compared with; ``large`` is the same with 150
activities and 10,000 open cases; plain dagre, run again after each change, is what the layout is compared with. Times
are in milliseconds, ``cpu`` those of the page's main thread; kB are 1,000 bytes of gzip.
"""

import argparse
import gzip
import json
import os
import platform
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from bench.live_page import (  # noqa: E402
    BOXES,
    DELTAS_PER_S,
    LAYOUTS,
    PLACES,
    SVG_DOTS,
    Proxy,
    graph,
    serve,
)
from tests.chromium import QUIET  # noqa: E402
from tests.conftest import wait_for  # noqa: E402
from tests.installation import PASSWORD, Installation  # noqa: E402
from tests.tools.programs import find  # noqa: E402

DOTS = 300
WAY_MS = 600
SIZES = (20, 60, 150)
SETTLED_MS = 1500
PAINTED = """window.painted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.painted = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
const look = () => {
  if (document.querySelector("canvas.dots")) window.drawn = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and shorter stretches")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--only", choices=["visit", "layout", "frames"], help="one part")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Installation(Path(folder) / "var") as made,
        sync_playwright() as player,
    ):
        serve(made)
        browser = player.chromium.launch(executable_path=find("chromium"), args=QUIET)
        bench = Bench(made, browser, quick=options.quick)
        for name, measure in (("visit", bench.visit), ("layout", bench.layout), ("frames", bench.frames)):
            if options.only not in (None, name):
                continue
            measure()
            if not options.json:
                print(f"{name}:", bench.figures)
        browser.close()
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    machine["chromium"] = bench.chromium
    print(json.dumps({"name": "browser", "figures": bench.figures, "ratios": bench.ratios, "machine": machine}))


def p(share: int, values: list[float]) -> float:
    return round(sorted(values)[max(0, round(len(values) * share / 100) - 1)], 1)


class Bench:
    """Measures into ``figures`` and ``ratios``; of a ratio more is better."""

    def __init__(self, made: Installation, browser: Browser, *, quick: bool) -> None:
        self.made, self.browser, self.quick = made, browser, quick
        self.figures: dict[str, float] = {}
        self.ratios: dict[str, float] = {}
        self.chromium = browser.version
        self.address = f"http://127.0.0.1:{made.port}"
        page = browser.new_page()
        page.goto(f"{self.address}/login/")
        page.get_by_label("User name").fill("boss")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r":\d+/$"))
        self.session = page.context.storage_state()
        page.context.close()

    @contextmanager
    def page(self) -> Iterator[Page]:
        context = self.browser.new_context(viewport={"width": 1280, "height": 800}, storage_state=self.session)
        yield context.new_page()
        context.close()

    def open(self, page: Page, log: str = "bench") -> None:
        page.goto(f"{self.address}/logs/{log}/")
        boxes = "document.querySelectorAll('svg.map .node.activity[data-key]').length"
        drawn = f"document.querySelector('canvas.dots') && {boxes} >= {BOXES[log]}"
        wait_for(lambda: page.evaluate(drawn), timeout_s=60, what="the map")

    def visit(self) -> None:
        """A first visit in an open window: bytes of scripts and styles, when the largest paint comes, when the map."""
        painted: list[float] = []
        drawn: list[float] = []
        size: dict[str, int] = {}
        for _ in range(2 if self.quick else 5):
            with self.page() as page:
                page.wait_for_timeout(SETTLED_MS)  # the browser paints its own window meanwhile
                page.add_init_script(PAINTED)
                page.context.on("response", lambda answer: note(answer, size))
                self.open(page)
                painted.append(page.evaluate("window.painted"))
                drawn.append(page.evaluate("window.drawn"))
        self.figures["largest_contentful_paint_ms"] = round(statistics.median(painted))
        self.figures["live_map_drawn_ms"] = round(statistics.median(drawn))
        self.figures["first_visit_gzip_kb"] = round(sum(size.values()) / 1000, 1)
        self.figures["first_visit_files"] = len(size)
        self.ratios["budget_of_120_kb_vs_first_visit"] = round(120 / self.figures["first_visit_gzip_kb"], 3)

    def layout(self) -> None:
        """All anew and one activity more, beside dagre alone; how far known boxes go."""
        rounds = 1 if self.quick else 5
        with self.page() as page:
            page.goto(f"{self.address}/")
            graphs = [graph(size) for size in SIZES]
            found = page.evaluate(LAYOUTS, {"graphs": graphs, "rounds": rounds})
        for size, one in found.items():
            for name in ("tidy", "extend", "dagre"):
                self.figures[f"{name}_ms_{size}"] = round(statistics.median(one[name]), 1)
            self.figures[f"moved_px_{size}"] = max(one["ours"])
            self.figures[f"dagre_moved_px_{size}"] = round(statistics.mean(one["theirs"]), 1)
            self.figures[f"edges_through_boxes_{size}"] = one["crossing"]
            again, change = statistics.median(one["dagre"]), statistics.median(one["extend"])
            self.ratios[f"change_vs_dagre_again_{size}"] = round(again / change, 3)
            self.ratios[f"tidy_vs_dagre_{size}"] = round(again / statistics.median(one["tidy"]), 3)
        moved = [far for one in found.values() for far in one["theirs"]]
        still = sum(far < 1 for far in moved) / len(moved)
        ours = [far for one in found.values() for far in one["ours"]]
        self.ratios["boxes_that_stay_vs_dagre_again"] = round(
            sum(far == 0 for far in ours) / len(ours) / max(still, 0.01), 3
        )

    def frames(self) -> None:
        """60 boxes whose numbers change ten times a second; 300 dots on a canvas, then as SVG elements.

        Then 150 boxes: a delta has new numbers for what its moves change, as the server's has, or for every row.
        """
        took_ms = 3_000 if self.quick else 8_000
        moves = DOTS * 1000 // WAY_MS // DELTAS_PER_S
        with self.page() as page:
            proxy = Proxy(page)
            self.open(page)
            proxy.count_cpu()
            before = page.evaluate(PLACES)
            proxy.moves = moves
            canvas = proxy.frames(took_ms)
            shown = int(page.locator("canvas.dots").get_attribute("data-shown") or 0)
            if shown < moves * proxy.sent * 0.9:
                raise SystemExit(f"only {shown} dots of {moves * proxy.sent}")
            proxy.moves = 0
            quiet = proxy.frames(took_ms)
            page.evaluate(SVG_DOTS, DOTS)
            svg = proxy.frames(took_ms)
            after = page.evaluate(PLACES)
        with self.page() as page:
            proxy = Proxy(page, moves)
            self.open(page, "large")
            proxy.count_cpu()
            every_row = proxy.frames(took_ms)
            proxy.all_rows = False
            large = proxy.frames(took_ms)
        measured = {"canvas": canvas, "no_dots": quiet, "svg": svg, "large": large, "large_all_rows": every_row}
        for name, (times, cpu) in measured.items():
            self.figures[f"frame_p50_ms_{name}"] = p(50, times)
            self.figures[f"frame_p95_ms_{name}"] = p(95, times)
            self.figures[f"frame_cpu_ms_{name}"] = round(cpu / len(times), 1)
        self.figures["boxes_moved_on_the_page"] = sum(before[key] != after[key] for key in before)
        shares = {name: self.figures[f"frame_cpu_ms_{name}"] for name in ("canvas", "svg")}
        self.ratios["canvas_vs_svg_frame_cpu"] = round(shares["svg"] / shares["canvas"], 3)
        self.ratios["canvas_vs_svg_frame_p95"] = round(p(95, svg[0]) / p(95, canvas[0]), 3)


def note(answer: Any, size: dict[str, int]) -> None:
    """How large a script or style sheet is when packed; each once."""
    if answer.request.resource_type in ("script", "stylesheet", "other") and re.search(r"\.(js|css)(\?|$)", answer.url):
        size.setdefault(answer.url, len(gzip.compress(answer.body(), 6)))


if __name__ == "__main__":
    main()
