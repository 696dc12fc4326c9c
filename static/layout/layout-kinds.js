// The layout that fits a kind of picture: downwards or to the right (layout-core.js), a tree, or frames in frames. Pure.
import { extend } from "./extend.js";
import { edge as curve } from "./geometry.js";
import { tidy } from "./layout-core.js";

const EMPTY = { nodes: {}, edges: {}, crossing: 0 };
const FRAME = { side: 18, top: 34, bottom: 16 };

/**
 * `flow`: down, right, tree (edges lead to children, in their order) or nested (nodes have a `parent`). With `known` its
 * boxes keep their places; but the order of a tree means something, so a new part of one moves the others.
 */
export function arrange(nodes, edges, known, flow = "down") {
  if (flow === "nested") return nested(nodes, edges);
  if (flow === "tree" && !(known && nodes.every(({ key }) => known.nodes[key]))) return tree(nodes, edges);
  const way = (boxes, arcs, before) => (before ? extend(boxes, arcs, before) : tidy(boxes, arcs));
  if (flow === "down" || flow === "tree") return way(nodes, edges, known);
  return turned(way(nodes.map(({ w, h, ...node }) => ({ ...node, w: h, h: w })), edges, known && turned(known)));
}

const pair = /(-?[\d.]+) (-?[\d.]+)/g;
const over = ({ x, y, ...rest }) => ({ ...rest, x: y, y: x });
const swapped = (samples) => Array.from(samples, (_, i) => samples[i ^ 1]);

/** The same layout mirrored at its diagonal: what ran down runs to the right. */
export function turned({ nodes, edges, crossing }) {
  const each = (rows, turn) => Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, turn(row)]));
  return {
    crossing,
    nodes: each(nodes, ({ w, h, ...box }) => ({ ...over(box), w: h, h: w })),
    edges: each(edges, ({ d, arrow, samples, label, ...rest }) => ({
      ...rest, d: d.replace(pair, "$2 $1"), arrow: arrow.replace(pair, "$2 $1"), samples: swapped(samples), label: label && over(label),
    })),
  };
}

const TREE = { gap: 22, row: 74 };

/** Children side by side in their order, each parent above the middle of its own. */
function tree(nodes, edges) {
  const size = new Map(nodes.map((node) => [node.key, node]));
  const children = new Map(nodes.map(({ key }) => [key, edges.filter(({ s }) => s === key).map(({ t }) => t)]));
  const below = new Set(edges.map(({ t }) => t));
  const boxes = {};

  /** Put a part with its left end at x; where its right end is. */
  function put(key, x, row) {
    const { w, h } = size.get(key);
    let end = x;
    for (const child of children.get(key)) end = put(child, end, row + 1) + TREE.gap;
    const own = children.get(key).map((child) => boxes[child].x);
    const middle = own.length ? (own[0] + own.at(-1)) / 2 : x + w / 2;
    boxes[key] = { x: Math.max(middle, x + w / 2), y: row * TREE.row, w, h };
    return Math.max(end - (own.length ? TREE.gap : 0), boxes[key].x + w / 2);
  }

  let x = 0;
  for (const { key } of nodes) if (!below.has(key)) x = put(key, x, 0) + TREE.gap;
  const routes = {};
  for (const { key, s, t } of edges) {
    const [from, to] = [boxes[s], boxes[t]];
    routes[key] = curve([[from.x, from.y + from.h / 2], [to.x, to.y - to.h / 2]]);
    routes[key].label = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  }
  return { nodes: boxes, edges: routes, crossing: 0 };
}

/** Each frame holds its parts, from left to right where arrows order them, else one below the other. */
function nested(nodes, edges) {
  const result = { nodes: {}, edges: {}, crossing: 0 };
  const filled = {};
  const parts = (parent) => nodes.filter((node) => node.parent === parent);

  function fill(parent) {
    const inside = parts(parent).map((node) => ({ key: node.key, ...(parts(node.key).length ? fill(node.key) : { w: node.w, h: node.h }) }));
    const keys = new Set(inside.map(({ key }) => key));
    const arcs = edges.filter(({ s, t }) => keys.has(s) && keys.has(t));
    const made = !inside.length ? EMPTY : arcs.length || inside.length < 2 ? arrange(inside, arcs, null, "right") : stacked(inside);
    const boxes = Object.values(made.nodes);
    const ways = Object.values(made.edges).flatMap(({ samples }) => samples.filter((_, i) => i % 2));
    const [x0, y0] = [Math.min(...boxes.map(({ x, w }) => x - w / 2)), Math.min(...boxes.map(({ y, h }) => y - h / 2), ...ways)];
    const [x1, y1] = [Math.max(...boxes.map(({ x, w }) => x + w / 2)), Math.max(...boxes.map(({ y, h }) => y + h / 2), ...ways)];
    return (filled[parent] = { w: x1 - x0 + 2 * FRAME.side, h: y1 - y0 + FRAME.top + FRAME.bottom, inside: made, x0, y0 });
  }

  /** The parts of a filled frame whose upper left corner is at x, y. */
  function put({ inside, x0, y0 }, x, y) {
    const [dx, dy] = [x + FRAME.side - x0, y + FRAME.top - y0];
    for (const [key, box] of Object.entries(inside.nodes)) {
      result.nodes[key] = { ...box, x: box.x + dx, y: box.y + dy };
      if (filled[key]) put(filled[key], result.nodes[key].x - box.w / 2, result.nodes[key].y - box.h / 2);
    }
    for (const [key, edge] of Object.entries(inside.edges)) result.edges[key] = moved(edge, dx, dy);
  }

  put(fill(undefined), -FRAME.side, -FRAME.top);
  return result;
}

function stacked(boxes) {
  let y = 0;
  const nodes = {};
  for (const { key, w, h } of boxes) {
    nodes[key] = { x: 0, y: y + h / 2, w, h };
    y += h + 20;
  }
  return { nodes, edges: {}, crossing: 0 };
}

function moved({ d, arrow, samples, label, ...rest }, dx, dy) {
  const shift = (path) => path.replace(pair, (_, x, y) => `${(+x + dx).toFixed(1)} ${(+y + dy).toFixed(1)}`);
  return { ...rest, d: shift(d), arrow: shift(arrow), samples: samples.map((value, i) => value + (i % 2 ? dy : dx)), label: { x: label.x + dx, y: label.y + dy } };
}
