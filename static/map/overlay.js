// What edges tell: how often, or how long; whatever their picture carries. Pure.
import { duration, exact, short, shortDuration } from "../shared/format.js";

const percent = (part) => `${part < 0.0995 ? (100 * part).toFixed(1) : Math.round(100 * part)} %`;

/** By name of the member: what it is called, and how a value is written. Median first: means mislead. */
export const OVERLAYS = {
  n: { name: "How often", time: false, write: short },
  cases: { name: "In how many cases", time: false, write: short },
  share: { name: "Share of what leaves", time: false, write: percent },
  dependency: { name: "Dependency", time: false, write: (value) => value.toFixed(2) },
  said: { name: "What holds", time: false, write: String },
  median_s: { name: "≈ Median time", time: true, write: shortDuration },
  mean_s: { name: "Mean time", time: true, write: shortDuration },
  p95_s: { name: "≈ 95th percentile", time: true, write: shortDuration },
  total_s: { name: "Total time", time: true, write: shortDuration },
  min_s: { name: "≈ Shortest time", time: true, write: shortDuration },
  max_s: { name: "≈ Longest time", time: true, write: shortDuration },
  deviation_s: { name: "Deviation of the time", time: true, write: shortDuration },
};

/** The overlays that some edge of a drawing has a value for. */
export const carried = (edges) => {
  const all = [...edges];
  return Object.keys(OVERLAYS).filter((name) => all.some((edge) => valueOf(edge, name) !== null && !(name === "n" && edge.weighted)));
};

/** The value an edge shows, or null where it has none (start and end take no time). */
export const valueOf = (edge, overlay) => edge[overlay] || (edge[overlay] === 0 ? 0 : null);

export function labelOf(edge, overlay) {
  const value = valueOf(edge, overlay);
  return value === null || (edge.weighted && overlay === "n") ? (edge.said ?? "") : OVERLAYS[overlay].write(value);
}

/** 0 … 1 for width and colour: square roots, since a few paths carry most moves. */
export function strength(edge, overlay, most) {
  const value = valueOf(edge, overlay);
  return typeof value !== "number" || edge.weighted || most <= 0 || value <= 0 ? 0 : Math.sqrt(value / most);
}

export const greatest = (edges, overlay) =>
  [...edges].reduce((most, edge) => Math.max(most, typeof edge[overlay] === "number" ? edge[overlay] : 0), 0);

/** All there is to say about an edge in one line. */
export function sentence(edge, from, to) {
  const way = `${from || "…"} → ${to || "…"}`;
  if (edge.n === undefined || edge.weighted) return [way, ...(edge.says ?? [])].join("; ");
  const times = edge.median_s === undefined || edge.median_s === null ? "" :
    `: mean ${duration(edge.mean_s)}, median ≈ ${duration(edge.median_s)}, 95 % within ≈ ${duration(edge.p95_s)}`;
  return `${way}, ${exact(edge.n)} ×${times}`;
}
