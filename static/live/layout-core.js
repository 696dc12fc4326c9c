// Where boxes and edges go. Pure: `tidy` lays out all anew, `extend` leaves every known box where it is.
import { Graph, layout } from "../vendor/dagre/dagre.esm.js";
import { align } from "./align.js";
import { bow, crosses, edge as curve, loop, overlap } from "./geometry.js";

export const LABEL = { w: 50, h: 18 };
const MANY = 40; // boxes: beyond, fewer tries must do
const SNAP = 10;
const GAP = { x: 28, y: 46 };
const LANE = 16; // room that an edge takes in a row
const LOOP = 74; // and a self-loop with its label at the side of its box
const SPOTS = [16, 14, 18, 12, 20, 10, 22, 8, 24, 6, 26]; // where on its edge (of 32) a label may sit, best first
const BESIDE = [9, 8, 10, 7, 11, 6, ...SPOTS]; // where there is a way back: the two labels at different heights

/**
 * A layout is {nodes: {key: {x, y, w, h}}, edges: {key: {d, arrow, samples, label}}, crossing}; `crossing` counts the
 * edges that run through a box. `nodes` are [{key, w, h}], `edges` [{key, s, t, n}].
 */
export function tidy(nodes, edges) {
  // what dagre finds depends on the order of its input and on the way cycles are opened: the calmest try counts
  const orders = [(a, b) => b.n - a.n, (a, b) => a.n - b.n, () => 0].slice(0, nodes.length > MANY ? 1 : 3);
  const drafts = orders.flatMap((order) =>
    ["greedy", undefined].map((acyclicer) => draft(nodes, [...edges].sort(order), acyclicer)),
  );
  const { boxes, inner } = drafts.reduce((best, next) => (next.unrest < best.unrest ? next : best));
  const ports = spread(edges, boxes, inner);
  const routes = {};
  for (const { key, s, t } of edges) {
    if (s === t) routes[key] = loop(boxes[s]);
    else routes[key] = curve(snapped([ports[key].from, ...passed(inner[key], boxes[s].y < boxes[t].y), ports[key].to]));
  }
  return finished(boxes, routes, edges);
}

/** Rows, order and places of the boxes and of the ways between them. */
function draft(nodes, edges, acyclicer) {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", acyclicer, nodesep: GAP.x, edgesep: GAP.x, ranksep: GAP.y, marginx: 20, marginy: 20 });
  for (const { key, w, h } of nodes) graph.setNode(key, { width: w, height: h });
  const most = Math.max(1, ...edges.map((edge) => edge.n));
  for (const { s, t, n } of edges) {
    // frequent moves pull harder, so the usual way runs down
    graph.setEdge(s, t, { width: 0, height: 0, labelpos: "c", weight: 1 + Math.round((8 * n) / most) });
  }
  layout(graph);
  const boxes = {};
  for (const { key, w, h } of nodes) boxes[key] = { x: graph.node(key).x, y: graph.node(key).y, w, h };
  const { inner, crossings } = aligned(graph, boxes, edges);
  const rows = new Set(Object.values(boxes).map(({ y }) => Math.round(y))).size;
  const across = Object.values(boxes).map(({ x }) => x);
  const width = Math.max(...across) - Math.min(...across);
  return { boxes, inner, unrest: crossings + 2 * rows + width / 400 };
}

/** Moves the boxes of each row sideways so that ways run straight; where each edge passes the rows between its boxes. */
function aligned(graph, boxes, edges) {
  const heights = new Map(); // of each row, by its y
  for (const { y, h } of Object.values(boxes)) heights.set(Math.round(y), Math.max(h, heights.get(Math.round(y)) ?? 0));
  const rows = new Map([...heights.keys()].map((y) => [y, []]));
  const places = {};
  const loops = new Set(edges.filter(({ s, t }) => s === t).map(({ s }) => s));
  for (const [key, { x, y, w }] of Object.entries(boxes)) {
    const room = loops.has(key) ? 2 * LOOP : 0;
    places[key] = { key, x, y, w: w + room, up: [], down: [] };
    rows.get(Math.round(y)).push(places[key]);
  }
  const inner = {};
  const steps = []; // of all ways, from row to row
  for (const { key, s, t, n } of edges) {
    if (s === t) continue;
    const points = graph.edge(s, t).points.slice(1, -1).filter(({ y }) => rows.has(Math.round(y)));
    inner[key] = points.map(({ x, y }) => ({ x, y, w: LANE, h: heights.get(Math.round(y)), up: [], down: [] }));
    for (const place of inner[key]) rows.get(Math.round(place.y)).push(place);
    const way = [places[s], ...inner[key], places[t]];
    for (let i = 1; i < way.length; i++) {
      const [upper, lower] = way[i - 1].y < way[i].y ? [way[i - 1], way[i]] : [way[i], way[i - 1]];
      const weight = n * (way[i - 1].key ? 1 : 2) * (way[i].key ? 1 : 2); // long edges are straight first of all
      upper.down.push([lower, weight]);
      lower.up.push([upper, weight]);
      steps.push([upper, lower]);
    }
  }
  const sorted = [...rows.keys()].sort((a, b) => a - b).map((y) => rows.get(y).sort((a, b) => a.x - b.x));
  align(sorted, GAP.x);
  for (const [key, { x }] of Object.entries(places)) boxes[key].x = x;
  for (const way of Object.values(inner)) {
    for (let i = 1; i < way.length; i++) if (Math.abs(way[i].x - way[i - 1].x) < SNAP) way[i].x = way[i - 1].x;
  }
  const crosses = ([a, b], [c, d]) => a.y === c.y && (a.x - c.x) * (b.x - d.x) < 0;
  const crossings = steps.reduce((sum, one, i) => sum + steps.slice(i + 1).filter((other) => crosses(one, other)).length, 0);
  return { inner, crossings };
}

/** Where an edge passes a row of boxes it runs straight; it bends in the space between rows. */
const passed = (places, down) =>
  places.flatMap(({ x, y, h }) => [[x, y - (down ? h : -h) / 2], [x, y + (down ? h : -h) / 2]]);

/** Ends almost above each other are put exactly so: a small kink looks like a mistake. */
function snapped(points) {
  const [first, second, last, before] = [points[0], points[1], points.at(-1), points.at(-2)];
  if (points.length === 2 && Math.abs(first[0] - last[0]) < SNAP) first[0] = last[0] = (first[0] + last[0]) / 2;
  else {
    if (Math.abs(first[0] - second[0]) < SNAP) first[0] = second[0];
    if (Math.abs(last[0] - before[0]) < SNAP) last[0] = before[0];
  }
  return points;
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
      [s, down, "from", inner[key][0]?.x ?? boxes[t].x],
      [t, -down, "to", inner[key].at(-1)?.x ?? boxes[s].x],
    ];
    for (const [node, side, name, x] of ends) {
      const id = `${side}${node}`;
      if (!sides.has(id)) sides.set(id, { box: boxes[node], side, ends: [] });
      sides.get(id).ends.push({ port: ports[key], name, x, down: boxes[s].y < boxes[t].y });
    }
  }
  for (const { box, side, ends } of sides.values()) {
    ends.sort((a, b) => a.x - b.x || b.down - a.down); // there and back: side by side, the same at both ends
    const off = ends.map((end) => Math.abs(end.x - box.x));
    const middle = off.indexOf(Math.min(...off));
    const most = Math.max(middle, ends.length - 1 - middle, 1);
    const step = Math.min(30, Math.max(0, box.w / 2 - 18) / most);
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
  for (const { key, s, t } of edges) routes[key] ??= s === t ? loop(boxes[s]) : route(boxes[s], boxes[t], boxes);
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
function route(from, to, boxes) {
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
  const cost = (way) => others.filter((box) => crosses(way.samples, box, 6)).length;
  return ways.map((way, i) => [cost(way) + i * 0.05, way]).sort((a, b) => a[0] - b[0])[0][1];
}

function sideways(from, to) {
  const [y0, y1] = [from.y + from.h / 2, to.y + to.h / 2];
  const low = Math.max(y0, y1) + 46;
  return bow([from.x, y0, from.x, low, to.x, low, to.x, y1], -1);
}

function finished(boxes, routes, edges) {
  label(boxes, routes, edges);
  const all = Object.entries(boxes);
  const crossing = edges.filter(({ key, s, t }) =>
    all.some(([name, box]) => name !== s && name !== t && crosses(routes[key].samples, box)),
  ).length;
  return { nodes: boxes, edges: routes, crossing };
}

/** A place on its edge for each label that has none, clear of boxes and of other labels where there is one. */
function label(boxes, routes, edges) {
  const taken = [...Object.values(boxes)];
  for (const { key } of edges) if (routes[key].label) taken.push({ ...routes[key].label, ...LABEL });
  const pairs = new Set(edges.map(({ s, t }) => `${t}\n${s}`));
  for (const { key, s, t } of [...edges].sort((a, b) => b.n - a.n)) {
    if (routes[key].label) continue;
    const { samples } = routes[key];
    const spots = (pairs.has(`${s}\n${t}`) ? BESIDE : SPOTS).map((i) => ({ x: samples[2 * i], y: samples[2 * i + 1], ...LABEL }));
    const hits = spots.map((spot) => taken.filter((other) => overlap(spot, other, 1)).length);
    const best = spots[hits.indexOf(Math.min(...hits))];
    taken.push(best);
    routes[key].label = { x: best.x, y: best.y };
  }
}
