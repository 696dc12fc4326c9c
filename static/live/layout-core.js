// Where boxes and edges go. Pure: `tidy` lays out all anew, `extend` leaves every known box where it is.
import { Graph, layout } from "../vendor/dagre/dagre.esm.js";
import { bow, crosses, edge as curve, loop, overlap } from "./geometry.js";

export const LABEL = { w: 46, h: 16 };
const GAP = { x: 36, y: 52 };

/**
 * A layout is {nodes: {key: {x, y, w, h}}, edges: {key: {d, arrow, samples, label}}, crossing}; `crossing` counts the
 * edges that run through a box. `nodes` are [{key, w, h}], `edges` [{key, s, t, n}].
 */
export function tidy(nodes, edges) {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", nodesep: GAP.x, edgesep: 14, ranksep: GAP.y - LABEL.h, marginx: 20, marginy: 20 });
  for (const { key, w, h } of nodes) graph.setNode(key, { width: w, height: h });
  const most = Math.max(1, ...edges.map((edge) => edge.n));
  for (const { s, t, n } of [...edges].sort((a, b) => b.n - a.n)) {
    // frequent moves pull harder, so the usual way runs straight
    graph.setEdge(s, t, { width: LABEL.w, height: LABEL.h, labelpos: "c", weight: 1 + Math.round((8 * n) / most) });
  }
  layout(graph);
  const boxes = {};
  for (const { key, w, h } of nodes) boxes[key] = { x: graph.node(key).x, y: graph.node(key).y, w, h };
  const inner = {}; // the points between the boxes
  for (const { key, s, t } of edges) if (s !== t) inner[key] = straightened(graph.edge(s, t).points.slice(1, -1), boxes);
  const ports = spread(edges, boxes, inner);
  const routes = {};
  for (const { key, s, t } of edges) {
    if (s === t) routes[key] = loop(boxes[s]);
    else {
      const { x, y } = graph.edge(s, t);
      routes[key] = curve([ports[key].from, ...inner[key], ports[key].to], { x, y });
    }
  }
  return finished(boxes, routes, edges);
}

/** Where an edge passes a row of boxes it runs straight, and bends only in the space between rows. */
function straightened(points, boxes) {
  const rows = Object.values(boxes);
  const up = points.length > 1 && points[0].y > points.at(-1).y;
  return points.flatMap(({ x, y }) => {
    const row = rows.filter((box) => Math.abs(box.y - y) < 1).reduce((most, box) => Math.max(most, box.h), 0);
    const half = up ? -row / 2 : row / 2;
    return row ? [[x, y - half], [x, y + half]] : [[x, y]];
  });
}

/** Where edges leave and enter their boxes: the straightest in the middle, the others beside it in order. */
function spread(edges, boxes, inner) {
  const sides = new Map();
  const ports = {};
  for (const { key, s, t } of edges) {
    if (s === t) continue;
    const down = boxes[s].y < boxes[t].y ? 1 : -1;
    ports[key] = {};
    const ends = [
      [s, down, "from", inner[key][0]?.[0] ?? boxes[t].x],
      [t, -down, "to", inner[key].at(-1)?.[0] ?? boxes[s].x],
    ];
    for (const [node, side, name, x] of ends) {
      const id = `${side}${node}`;
      if (!sides.has(id)) sides.set(id, { box: boxes[node], side, ends: [] });
      sides.get(id).ends.push({ port: ports[key], name, x });
    }
  }
  for (const { box, side, ends } of sides.values()) {
    ends.sort((a, b) => a.x - b.x);
    const off = ends.map((end) => Math.abs(end.x - box.x));
    const middle = off.indexOf(Math.min(...off));
    const most = Math.max(middle, ends.length - 1 - middle, 1);
    const step = Math.min(14, Math.max(0, box.w / 2 - 18) / most);
    ends.forEach(({ port, name }, i) => (port[name] = [box.x + (i - middle) * step, box.y + (side * box.h) / 2]));
  }
  return ports;
}

/** New boxes go below their predecessor, into free space; known boxes and edges stay exactly where they are. */
export function extend(nodes, edges, known) {
  const boxes = {};
  for (const { key } of nodes) if (known.nodes[key]) boxes[key] = known.nodes[key];
  let waiting = nodes.filter(({ key }) => !boxes[key]);
  while (waiting.length) {
    // first those with a placed predecessor, the most frequent one counts
    const next = waiting.map((node) => ({ node, anchor: anchorOf(node.key, edges, boxes) }));
    const chosen = next.find(({ anchor }) => anchor?.below) ?? next.find(({ anchor }) => anchor) ?? next[0];
    boxes[chosen.node.key] = place(chosen.node, chosen.anchor, boxes);
    waiting = waiting.filter((node) => node !== chosen.node);
  }
  const routes = {};
  for (const { key } of edges) if (known.edges[key]) routes[key] = known.edges[key];
  for (const { key, s, t } of edges) routes[key] ??= s === t ? loop(boxes[s]) : route(boxes[s], boxes[t], boxes, routes);
  return finished(boxes, routes, edges);
}

function anchorOf(key, edges, boxes) {
  const best = (list) => list.reduce((most, edge) => (most && most.n >= edge.n ? most : edge), null);
  const before = best(edges.filter(({ s, t }) => t === key && s !== key && boxes[s]));
  if (before) return { box: boxes[before.s], below: true };
  const after = best(edges.filter(({ s, t }) => s === key && t !== key && boxes[t]));
  return after && { box: boxes[after.t], below: false };
}

function place({ w, h }, anchor, boxes) {
  const taken = Object.values(boxes);
  if (!anchor) return { x: Math.max(0, ...taken.map((box) => box.x + box.w / 2 + GAP.x)) + w / 2, y: h / 2, w, h };
  const { box, below } = anchor;
  for (let row = 0; ; row++) {
    const shift = (box.h + h) / 2 + GAP.y + row * (h + GAP.y);
    const y = below ? box.y + shift : box.y - shift;
    for (let i = 0; i < 9; i++) {
      const spot = { x: box.x + (i % 2 ? -1 : 1) * Math.ceil(i / 2) * (w + GAP.x), y, w, h };
      if (!taken.some((other) => overlap(spot, other, 24))) return spot;
    }
  }
}

/** A way for one new edge among boxes that stay: straight, or along a lane beside them; the one that hits fewest. */
function route(from, to, boxes, routes) {
  const gap = to.y - to.h / 2 - (from.y + from.h / 2);
  const back = from.y - from.h / 2 - (to.y + to.h / 2);
  const others = Object.values(boxes).filter((box) => box !== from && box !== to);
  if (gap < 24 && back < 24) return sideways(from, to);
  const down = gap >= 24 ? 1 : -1;
  const start = [from.x, from.y + (down * from.h) / 2];
  const end = [to.x, to.y - (down * to.h) / 2];
  const ways = down > 0 ? [curve([start, end])] : [];
  const lanes = [1, 2, 3, 4].flatMap((i) => [-1, 1].map((side) => side * (i * (from.w + GAP.x) * 0.55)));
  for (const lane of lanes) {
    const x = (down > 0 ? (from.x + to.x) / 2 : to.x) + lane;
    ways.push(curve([start, [x, start[1] + down * 30], [x, end[1] - down * 30], end]));
  }
  const labels = Object.values(routes).map(({ label }) => ({ ...label, ...LABEL }));
  const cost = (way) =>
    8 * others.filter((box) => crosses(way.samples, box, 6)).length +
    labels.filter((label) => overlap({ ...way.label, ...LABEL }, label, 2)).length;
  return ways.map((way, i) => [cost(way) + i * 0.3, way]).sort((a, b) => a[0] - b[0])[0][1];
}

function sideways(from, to) {
  const [y0, y1] = [from.y + from.h / 2, to.y + to.h / 2];
  const low = Math.max(y0, y1) + 46;
  return bow([from.x, y0, from.x, low, to.x, low, to.x, y1], -1);
}

function finished(boxes, routes, edges) {
  const all = Object.entries(boxes);
  const crossing = edges.filter(({ key, s, t }) =>
    all.some(([name, box]) => name !== s && name !== t && crosses(routes[key].samples, box)),
  ).length;
  return { nodes: boxes, edges: routes, crossing };
}
