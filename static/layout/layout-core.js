// Where boxes and edges go if all is laid out anew. Pure. What is known stays where it is: see extend.js.
import { Graph, layout } from "../vendor/dagre/dagre.esm.js";
import { align } from "./align.js";
import { edge as curve, loop } from "./geometry.js";
import { finished } from "./routing.js";

export { extend } from "./extend.js";

const SNAP = 10;
const GAP = { x: 28, y: 46 };
const LANE = 16; // room that an edge takes in a row
const LOOP = 74; // and a self-loop with its label at the side of its box

/**
 * A layout is {nodes: {key: {x, y, w, h}}, edges: {key: {d, arrow, samples, label}}, crossing}; `crossing` counts the
 * edges that run through a box. `nodes` are [{key, w, h}], `edges` [{key, s, t, n}].
 */
export function tidy(nodes, edges) {
  const { boxes, inner } = draft(nodes, edges);
  const ports = spread(edges, boxes, inner);
  const routes = {};
  for (const { key, s, t } of edges) {
    if (s === t) routes[key] = loop(boxes[s]);
    else routes[key] = curve(snapped([ports[key].from, ...passed(inner[key], boxes[s].y < boxes[t].y), ports[key].to]));
  }
  return finished(boxes, routes, edges);
}

/**
 * Rows, order and places of the boxes and of the ways between them. What dagre finds depends on the order of its input and
 * on how cycles are opened: frequent edges first, and greedily, is within 1 % of the calmest of all ways tried.
 */
function draft(nodes, edges) {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "TB", acyclicer: "greedy", nodesep: GAP.x, edgesep: GAP.x, ranksep: GAP.y, marginx: 20, marginy: 20 });
  for (const { key, w, h } of nodes) graph.setNode(key, { width: w, height: h });
  const most = Math.max(1, ...edges.map((edge) => edge.n));
  for (const { s, t, n } of [...edges].sort((a, b) => b.n - a.n)) {
    // frequent moves pull harder, so the usual way runs down
    graph.setEdge(s, t, { width: 0, height: 0, labelpos: "c", weight: 1 + Math.round((8 * n) / most) });
  }
  layout(graph);
  const boxes = {};
  for (const { key, w, h } of nodes) boxes[key] = { x: graph.node(key).x, y: graph.node(key).y, w, h };
  return { boxes, inner: aligned(graph, boxes, edges) };
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
    }
  }
  const sorted = [...rows.keys()].sort((a, b) => a - b).map((y) => rows.get(y).sort((a, b) => a.x - b.x));
  align(sorted, GAP.x);
  for (const [key, { x }] of Object.entries(places)) boxes[key].x = x;
  for (const way of Object.values(inner)) {
    for (let i = 1; i < way.length; i++) if (Math.abs(way[i].x - way[i - 1].x) < SNAP) way[i].x = way[i - 1].x;
  }
  return inner;
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
