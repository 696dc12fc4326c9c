"""The live page in a headless Chromium: frames while cases move, layout, boxes that stay, what a first visit costs.

A real page of a real installation follows a log of 60 activities; between it and the server stands a proxy that adds
deltas of its own, ten a second, each with 50 moves and new numbers for every box: 300 dots are on their way at any
moment. The same with dots as SVG elements is what the canvas is compared with; plain dagre, run again after each
change, is what the layout is compared with. Times are in milliseconds, ``cpu`` those of
the page's main thread; kB are 1,000 bytes of gzip.
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
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright  # noqa: E402

from bench.processes import traces  # noqa: E402
from tests.conftest import wait_for  # noqa: E402
from tests.installation import PASSWORD, Installation  # noqa: E402
from tests.live.browser.conftest import CHROMIUM, QUIET  # noqa: E402

ACTIVITIES = 60
DOTS = 300
WAY_MS = 600
DELTAS_PER_S = 10
SIZES = (20, 60, 150)
CASES = 60

FRAMES = """(ms) => new Promise((resolve) => {
  const took = [];
  let before = performance.now();
  const end = before + ms;
  const step = () => {
    const now = performance.now();
    took.push(now - before);
    before = now;
    if (now < end) requestAnimationFrame(step);
    else resolve(took.slice(1));
  };
  requestAnimationFrame(step);
})"""

SVG_DOTS = """(count) => {
  const ways = [...document.querySelectorAll("svg.map .edge .line")].map((line) => {
    const length = line.getTotalLength();
    return Array.from({ length: 33 }, (_, i) => line.getPointAtLength((length * i) / 32));
  });
  const world = document.querySelector("svg.map .world");
  const dots = Array.from({ length: count }, (_, i) => {
    const dot = world.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "circle"));
    dot.setAttribute("r", 5);
    return { dot, way: ways[i % ways.length], from: performance.now() - 600 * Math.random() };
  });
  const step = (now) => {
    for (const { dot, way, from } of dots) {
      const part = ((now - from) / 600) % 1;
      const { x, y } = way[Math.min(32, Math.max(0, Math.round(32 * part * part * (3 - 2 * part))))];
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""

LAYOUTS = """async ({ graphs, rounds }) => {
  const load = (name) => import(new URL(`../${name}`, document.querySelector('link[href$="css/base.css"]').href));
  const { tidy } = await load("live/layout-core.js");
  const { extend } = await load("live/extend.js");
  const { Graph, layout } = await load("vendor/dagre/dagre.esm.js");
  const dagre = (nodes, edges) => {
    const graph = new Graph();
    graph.setGraph({ rankdir: "TB" });
    for (const { key, w, h } of nodes) graph.setNode(key, { width: w, height: h });
    for (const { s, t } of edges) graph.setEdge(s, t, { width: 50, height: 18, labelpos: "c" });
    layout(graph);
    return { nodes: Object.fromEntries(nodes.map(({ key }) => [key, graph.node(key)])) };
  };
  const times = (run) => Array.from({ length: rounds }, () => {
    const began = performance.now();
    run();
    return performance.now() - began;
  });
  const found = {};
  tidy(graphs[0].nodes, graphs[0].edges); // warm
  for (const { nodes, edges } of graphs) {
    dagre(nodes, edges);
    const size = nodes.length;
    const result = (found[size] = { tidy: times(() => tidy(nodes, edges)), dagre: times(() => dagre(nodes, edges)) });
    // one activity after the other appears, with its edges
    const some = (count) => {
      const there = new Set(nodes.slice(0, count).map(({ key }) => key));
      return [nodes.slice(0, count), edges.filter(({ s, t }) => there.has(s) && there.has(t))];
    };
    const first = Math.max(2, size - 8);
    let [ours, theirs] = [tidy(...some(first)), dagre(...some(first))];
    Object.assign(result, { extend: [], ours: [], theirs: [], crossing: 0, dagre_still: [] });
    for (let count = first + 1; count <= size; count++) {
      const part = some(count);
      let next;
      result.extend.push(...times(() => (next = extend(...part, ours))));
      const again = dagre(...part);
      const known = Object.keys(ours.nodes);
      const way = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
      const far = (a, b) => known.map((key) => way(a.nodes[key], b.nodes[key]));
      result.ours.push(...far(ours, next));
      result.theirs.push(...far(theirs, again));
      [ours, theirs] = [next, again];
      result.crossing = Math.max(result.crossing, ours.crossing);
    }
  }
  return found;
}"""

PLACES = """() => Object.fromEntries([...document.querySelectorAll("svg.map .node")].map(
  (node) => [node.dataset.key, node.getAttribute("transform")]))"""


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
        browser = player.chromium.launch(executable_path=CHROMIUM, args=QUIET)
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


def serve(made: Installation) -> None:
    """The installation, with a log of 60 activities."""
    made.start("web")
    made.start("mine")
    made.api("POST", "logs/", {"slug": "bench", "name": "bench"})
    cases = enumerate(traces(ACTIVITIES, CASES))
    events = [{"case": f"case-{n}", "activity": name} for n, trace in cases for name in trace]
    for at in range(0, len(events), 500):
        made.api("POST", "logs/bench/events/", events[at : at + 500])


def graph(count: int) -> dict[str, Any]:
    """The directly-follows graph of an invented process as the layout takes it."""
    nodes: dict[str, None] = {}
    edges: dict[tuple[str, str], int] = {}
    for trace in traces(count, CASES):
        nodes |= dict.fromkeys(trace)
        for pair in pairwise(trace):
            edges[pair] = edges.get(pair, 0) + 1
    return {
        "nodes": [{"key": name, "w": 208, "h": 36} for name in nodes],
        "edges": [{"key": f"{s}>{t}", "s": s, "t": t, "n": n} for (s, t), n in edges.items()],
    }


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

    def open(self, page: Page) -> None:
        page.goto(f"{self.address}/logs/bench/")
        drawn = "document.querySelectorAll('svg.map .node.activity[data-key]').length >= 60"
        wait_for(lambda: page.evaluate(drawn), timeout_s=60, what="the map")

    def visit(self) -> None:
        """A first visit: bytes of scripts and styles, largest contentful paint."""
        painted: list[float] = []
        size: dict[str, int] = {}
        for _ in range(2 if self.quick else 5):
            with self.page() as page:
                page.add_init_script("""window.painted = 0; new PerformanceObserver((list) => {
                  for (const entry of list.getEntries()) window.painted = entry.startTime;
                }).observe({ type: "largest-contentful-paint", buffered: true })""")
                page.context.on("response", lambda answer: note(answer, size))
                self.open(page)
                painted.append(page.evaluate("window.painted"))
        self.figures["largest_contentful_paint_ms"] = round(statistics.median(painted))
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
        """60 boxes whose numbers change ten times a second; 300 dots on a canvas, then as SVG elements."""
        took_ms = 3_000 if self.quick else 8_000
        with self.page() as page:
            proxy = Proxy(page)
            self.open(page)
            proxy.count_cpu()
            before = page.evaluate(PLACES)
            proxy.moves = DOTS * 1000 // WAY_MS // DELTAS_PER_S
            canvas = proxy.frames(took_ms)
            shown = int(page.locator("canvas.dots").get_attribute("data-shown") or 0)
            if shown < proxy.moves * proxy.sent * 0.9:
                raise SystemExit(f"only {shown} dots of {proxy.moves * proxy.sent}")
            proxy.moves = 0
            quiet = proxy.frames(took_ms)
            page.evaluate(SVG_DOTS, DOTS)
            svg = proxy.frames(took_ms)
            after = page.evaluate(PLACES)
        for name, (times, cpu) in (("canvas", canvas), ("no_dots", quiet), ("svg", svg)):
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


class Proxy:
    """Between the page and the server: hands on what the server sends until it speaks itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.moves = 0
        self.sent = 0
        self.snapshot: dict[str, Any] | None = None
        self.version = 0
        self.route: WebSocketRoute | None = None
        page.route_web_socket("**/ws/live/**", self._between)

    def _between(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        self.route = route

        def to_page(text: str | bytes) -> None:
            message = json.loads(text)
            if message["type"] == "snapshot":
                self.snapshot = message
                self.version = message["version"]
            route.send(text)

        def to_server(text: str | bytes) -> None:
            if json.loads(text).get("version", 0) <= (self.snapshot or {}).get("version", 0):
                server.send(text)  # what we added is not acknowledged to the server

        server.on_message(to_page)
        route.on_message(to_server)

    def count_cpu(self) -> None:
        """From now on the CPU time of the page's main thread is counted: it holds on a machine with other work."""
        self._cdp = self.page.context.new_cdp_session(self.page)
        self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def _cpu_ms(self) -> float:
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    def frames(self, ms: int) -> tuple[list[float], float]:
        """The times between frames over so long, with a delta every tenth of a second; CPU time of the main thread."""
        before = self._cpu_ms()
        self.page.evaluate(f"window.took = ({FRAMES})({ms}).then((took) => (window.frames_took = took)); 0")
        done = 0.0
        while done < ms:
            self._delta()
            self.page.wait_for_timeout(1000 / DELTAS_PER_S)
            done += 1000 / DELTAS_PER_S
        found: list[float] = self.page.evaluate("window.took")
        return found, self._cpu_ms() - before

    def _delta(self) -> None:
        if self.snapshot is None or self.route is None:
            raise SystemExit("the page has not subscribed")
        old = self.snapshot
        for node in old["nodes"]:
            node["n"] += 1
        for edge in old["edges"]:
            edge["n"] += 1
        pairs = [(edge["s"], edge["t"]) for edge in old["edges"]]
        at = self.version % len(pairs)
        chosen = [pairs[(at + 7 * i) % len(pairs)] for i in range(self.moves)]
        members = {name: old[name] for name in old if name not in ("type", "nodes", "edges", "version")}
        delta = members | {
            "type": "delta",
            "from": self.version,
            "version": self.version + 1,
            "nodes": old["nodes"],
            "edges": old["edges"],
            "removed": {"nodes": [], "edges": []},
            "moves": [[f"case-{i}", s, t, old["at"]] for i, (s, t) in enumerate(chosen)],
            "moves_omitted": 0,
        }
        self.version += 1
        self.sent += 1
        self.route.send(json.dumps(delta))


if __name__ == "__main__":
    main()
