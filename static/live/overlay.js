// What edges tell: how often, or how long. Pure.
import { duration, exact, short, shortDuration } from "./format.js";

export const OVERLAYS = {
  n: { name: "How often", time: false },
  mean_s: { name: "Mean time", time: true },
  median_s: { name: "Median time (≈)", time: true },
  p95_s: { name: "95th percentile (≈)", time: true },
};

/** The value an edge shows, or null where it has none (start and end take no time). */
export const valueOf = (edge, overlay) => edge[overlay] ?? null;

export function labelOf(edge, overlay) {
  const value = valueOf(edge, overlay);
  if (value === null) return "";
  return OVERLAYS[overlay].time ? shortDuration(value) : short(value);
}

/** 0 … 1 for width and colour: square roots, since a few paths carry most moves. */
export function strength(edge, overlay, most) {
  const value = valueOf(edge, overlay);
  return value === null || most === 0 ? 0 : Math.sqrt(value / most);
}

export const greatest = (edges, overlay) =>
  [...edges].reduce((most, edge) => Math.max(most, valueOf(edge, overlay) ?? 0), 0);

/** All there is to say about an edge in one line. */
export function sentence(edge, from, to) {
  const times = edge.mean_s === undefined || edge.mean_s === null ? "" :
    `: mean ${duration(edge.mean_s)}, median ≈ ${duration(edge.median_s)}, 95 % within ≈ ${duration(edge.p95_s)}`;
  return `${from} → ${to}, ${exact(edge.n)} ×${times}`;
}
