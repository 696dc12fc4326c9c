// What is known keeps its place: new boxes and edges go into the free space around it. Pure.
import { crosses, loop, overlap } from "./geometry.js";
import { finished, route } from "./routing.js";

const GAP = { x: 28, y: 46 };
const ASIDE = 13; // places tried in a row
const NEAR = 2; // rows further down in which a place on no edge is looked for

/**
 * New boxes go below their predecessor, into free space. Known boxes stay exactly where they are, and known edges but
 * those that a new box would lie on.
 */
export function extend(nodes, edges, known) {
  const boxes = {};
  for (const { key } of nodes) if (known.nodes[key]) boxes[key] = known.nodes[key];
  const routes = {};
  for (const { key } of edges) if (known.edges[key]) routes[key] = known.edges[key];
  let waiting = nodes.filter(({ key }) => !boxes[key]);
  while (waiting.length) {
    // first those with a placed predecessor, the most frequent one counts
    const next = waiting.map((node) => ({ node, anchor: anchorOf(node.key, edges, boxes) }));
    const chosen = next.find(({ anchor }) => anchor?.below) ?? next.find(({ anchor }) => anchor) ?? next[0];
    const box = place(chosen.node, chosen.anchor, Object.values(boxes), Object.values(routes));
    boxes[chosen.node.key] = box;
    for (const [key, { samples }] of Object.entries(routes)) if (crosses(samples, box)) delete routes[key];
    waiting = waiting.filter((node) => node !== chosen.node);
  }
  for (const { key, s, t } of edges) routes[key] ??= s === t ? loop(boxes[s]) : route(boxes[s], boxes[t], boxes);
  return finished(boxes, routes, edges);
}

/**
 * A layout to extend: the boxes of `places` ({key: [x, y]}) at their places, their edges without a way, nor those that
 * they would cut. `room`: other boxes below them lose their places; else they may be covered.
 */
export function moved(layout, edges, places, room) {
  const put = Object.entries(places).filter(([key]) => layout.nodes[key]);
  if (!put.length) return layout;
  const nodes = { ...layout.nodes };
  for (const [key, [x, y]] of put) nodes[key] = { ...nodes[key], x, y };
  const hand = put.map(([key]) => nodes[key]);
  if (room) for (const [key, box] of Object.entries(nodes)) if (!places[key] && hand.some((other) => overlap(box, other, 8))) delete nodes[key];
  const stays = (key) => nodes[key] && nodes[key] === layout.nodes[key];
  const kept = edges.filter(({ key, s, t }) => layout.edges[key] && stays(s) && stays(t) && !hand.some((box) => crosses(layout.edges[key].samples, box)));
  return { nodes, edges: Object.fromEntries(kept.map(({ key }) => [key, layout.edges[key]])) };
}

function anchorOf(key, edges, boxes) {
  const best = (list) => list.reduce((most, edge) => (most && most.n >= edge.n ? most : edge), null);
  const before = best(edges.filter(({ s, t }) => t === key && s !== key && boxes[s]));
  if (before) return { box: boxes[before.s], below: true };
  const after = best(edges.filter(({ s, t }) => s === key && t !== key && boxes[t]));
  return after && { box: boxes[after.t], below: false };
}

/** Near its anchor, over no other box; in the nearest rows if it can be on no edge either. */
function place({ w, h }, anchor, taken, routes) {
  if (!anchor) return { x: Math.max(0, ...taken.map((box) => box.x + box.w / 2 + GAP.x)) + w / 2, y: h / 2, w, h };
  const { box, below } = anchor;
  let free = null;
  for (let row = 0; ; row++) {
    const shift = (box.h + h) / 2 + GAP.y + row * (h + GAP.y);
    const y = below ? box.y + shift : box.y - shift;
    for (let i = 0; i < ASIDE; i++) {
      const spot = { x: box.x + ((i % 2 ? -1 : 1) * Math.ceil(i / 2) * (w + GAP.x)) / 2, y, w, h };
      if (taken.some((other) => overlap(spot, other, 24))) continue;
      if (!routes.some(({ samples }) => crosses(samples, spot, 8))) return spot;
      free ??= spot;
    }
    if (free && row >= NEAR) return free;
  }
}
