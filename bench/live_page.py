"""What `browser.py` measures: an installation with two logs, graphs to lay out, a proxy that adds deltas, scripts.

The log ``bench`` has 60 activities; ``large`` has 150, and 10,000 cases that stand open at the first of them.
"""

import json
from itertools import pairwise
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

from bench.processes import names, traces
from tests.installation import Installation

BOXES = {"bench": 60, "large": 150}
OPEN = 10_000
CASES = 60
BATCH = 1000
DELTAS_PER_S = 10

PLACES = """() => Object.fromEntries([...document.querySelectorAll("svg.map .node")].map(
  (node) => [node.dataset.key, node.getAttribute("transform")]))"""

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
  const { tidy } = await load("layout/layout-core.js");
  const { extend } = await load("layout/extend.js");
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


def serve(made: Installation) -> None:
    """Start the installation, with its two logs."""
    made.start("web")
    made.start("mine")
    for slug, count in BOXES.items():
        made.api("POST", "logs/", {"slug": slug, "name": slug})
        cases = enumerate(traces(count, CASES))
        events = [{"case": f"case-{n}", "activity": name} for n, trace in cases for name in trace]
        if slug == "large":
            events += [{"case": f"open-{n}", "activity": names(count)[0]} for n in range(OPEN)]
        for at in range(0, len(events), BATCH):
            made.api("POST", f"logs/{slug}/events/", events[at : at + BATCH])


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


class Proxy:
    """Between the page and the server: hands on what the server sends until it speaks itself."""

    def __init__(self, page: Page, moves: int = 0) -> None:
        self.page = page
        self.moves = moves  # in each delta
        self.all_rows = True  # each delta has new numbers for everything; else for what its moves change
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
        pairs = [(edge["s"], edge["t"]) for edge in old["edges"]]
        at = self.version % len(pairs)
        chosen = [pairs[(at + 7 * i) % len(pairs)] for i in range(self.moves)]
        ways, ends = set(chosen), {end for pair in chosen for end in pair}
        nodes = [node for node in old["nodes"] if self.all_rows or node["id"] in ends]
        edges = [edge for edge in old["edges"] if self.all_rows or (edge["s"], edge["t"]) in ways]
        for row in (*nodes, *edges):
            row["n"] += 1
        members = {name: old[name] for name in old if name not in ("type", "nodes", "edges", "version")}
        delta = members | {
            "type": "delta",
            "from": self.version,
            "version": self.version + 1,
            "nodes": nodes,
            "edges": edges,
            "removed": {"nodes": [], "edges": []},
            "moves": [[f"case-{i}", s, t, old["at"]] for i, (s, t) in enumerate(chosen)],
            "moves_omitted": 0,
        }
        self.version += 1
        self.sent += 1
        self.route.send(json.dumps(delta))
