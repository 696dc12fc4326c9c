// Ways for edges among boxes that stay, and places for their labels. Pure.
import { bow, crosses, edge as curve, overlap } from "./geometry.js";

export const LABEL = { w: 50, h: 18 };
const CLEAR = 18; // between a way and the side of a box it passes
const NEAR = 24; // boxes less far below each other are side by side
const BEND = 30; // height in which a way gets to its lane
const LANES = 10; // the nearest lanes tried with a change between them
const SPOTS = [16, 14, 18, 12, 20, 10, 22, 8, 24, 6, 26]; // where on its edge (of 32) a label may sit, best first
const BESIDE = [9, 8, 10, 7, 11, 6, ...SPOTS]; // where there is a way back: the two labels at different heights

/** A way for one edge: straight, along a lane between boxes, or along two; the shortest of those that hit fewest. */
export function route(from, to, boxes) {
  const others = Object.values(boxes).filter((box) => box !== from && box !== to);
  const below = to.y - to.h / 2 - (from.y + from.h / 2);
  const above = from.y - from.h / 2 - (to.y + to.h / 2);
  if (below < NEAR && above < NEAR) return least(sideways(from, to), others).way;
  const down = below >= NEAR ? 1 : -1;
  const start = [from.x, from.y + (down * from.h) / 2];
  const end = [to.x, to.y - (down * to.h) / 2];
  const bend = down * Math.min(BEND, Math.abs(end[1] - start[1]) / 3);
  const between = others.filter(({ y, h }) => Math.abs(2 * y - start[1] - end[1]) < h + Math.abs(end[1] - start[1]));
  const lanes = lanesBeside(from, to, between, down);
  const straight = down > 0 ? [curve([start, end])] : []; // a way back never lies on the way there
  const one = least([...straight, ...lanes.map((x) => curve([start, [x, start[1] + bend], [x, end[1] - bend], end]))], others);
  if (!one.hits) return one.way;
  const near = lanes.slice(0, LANES);
  const changes = [...new Set(between.map(({ y, h }) => Math.round(y - down * (h / 2 + CLEAR))))];
  const possible = changes.filter((y) => down * (y - 1.5 * bend - start[1]) > 0 && down * (end[1] - 1.5 * bend - y) > 0);
  const two = possible.slice(0, LANES).flatMap((y) =>
    near.flatMap((a) => near.filter((b) => b !== a).map((b) => curve([start, [a, start[1] + bend], [a, y - bend / 2], [b, y + bend / 2], [b, end[1] - bend], end]))),
  );
  return least([one.way, ...two], others).way;
}

/** Where a way may run between rows: beside every box that is in between, the nearest first. */
function lanesBeside(from, to, between, down) {
  const middle = down > 0 ? (from.x + to.x) / 2 : to.x;
  const sides = [from, to, ...between].flatMap(({ x, w }) => [x - w / 2 - CLEAR, x + w / 2 + CLEAR]);
  const lanes = [...new Set([from.x, to.x, ...sides].map(Math.round))].filter((x) => down > 0 || (x !== from.x && x !== to.x));
  return lanes.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
}

function least(ways, others) {
  const length = ({ samples }) => {
    let sum = 0;
    for (let i = 2; i < samples.length; i += 2) sum += Math.hypot(samples[i] - samples[i - 2], samples[i + 1] - samples[i - 1]);
    return sum;
  };
  let best = { hits: Infinity };
  for (const way of ways) {
    const hits = others.filter((box) => crosses(way.samples, box, 4)).length;
    const far = length(way);
    if (hits < best.hits || (hits === best.hits && far < best.far)) best = { hits, far, way };
  }
  return best;
}

/** From the lower side of one box to that of the other, or from the upper to the upper. */
function sideways(from, to) {
  return [1, -1].flatMap((side) => {
    const [y0, y1] = [from.y + (side * from.h) / 2, to.y + (side * to.h) / 2];
    const out = side * Math.max(side * y0, side * y1);
    return [46, 90, 160].map((deep) => bow([from.x, y0, from.x, out + side * deep, to.x, out + side * deep, to.x, y1], -side));
  });
}

/** The layout, with a place for each label, and how many edges run through a box. */
export function finished(boxes, routes, edges) {
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
