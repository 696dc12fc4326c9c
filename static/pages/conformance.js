// Fitness over time as a chart. Its numbers are in the page (#points), kept up to date with the rest of it.
import { short } from "../shared/format.js";

const HEIGHT = 240;
let box = null; // comes with the second point
let chart = null;
let shown = "";
const wide = new ResizeObserver(() => chart?.setSize({ width: box.clientWidth - 16, height: HEIGHT }));

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const percent = (value) => (value == null ? "–" : `${+(100 * value).toFixed(1)} %`);
const decimal = (value) => (value == null ? "–" : (Math.floor(value * 1000) / 1000).toFixed(3));

/** The whole range near the top would hide what moves: from a little below the least value to 1. */
const range = (_, least) => [Math.max(0, Math.floor((least ?? 0) * 20 - 0.5) / 20), 1];

/** Times of day; over more than two days also which, over minutes with seconds. */
function moments(_, seconds) {
  const span = seconds.at(-1) - seconds[0];
  const form = { ...(span > 2 * 86400 ? { day: "numeric", month: "short" } : span < 600 ? { second: "2-digit" } : {}), hour: "2-digit", minute: "2-digit" };
  return seconds.map((at) => new Date(at * 1000).toLocaleString("en-GB", form));
}

function draw(columns) {
  chart?.destroy();
  const line = (label, name, value, dash) => ({ label, value: (_, v) => value(v), stroke: colour(name), width: 2, dash, points: { show: columns[0].length < 40, size: 5 }, spanGaps: true });
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const made = {
    width: box.clientWidth - 16,
    height: HEIGHT,
    scales: { y: { range } },
    axes: [{ ...axis, values: moments }, { ...axis, size: 54, values: (_, values) => values.map(percent) }],
    series: [
      { value: (_, v) => (v == null ? "–" : new Date(v * 1000).toLocaleString()) },
      line("Cases that fit", "--accent", percent),
      line("Fitness", "--ok", decimal, [8, 3]),
      ...(columns[3].some((value) => value != null) ? [line("Precision", "--time", decimal, [2, 3])] : []),
    ],
    legend: { live: true },
  };
  chart = new uPlot(made, columns.slice(0, made.series.length), box);
}

function update(force = false) {
  const found = document.getElementById("fitness-chart");
  if (found !== box) {
    chart?.destroy();
    chart = null;
    wide.disconnect();
    box = found;
    if (box) wide.observe(box);
    force = true;
  }
  if (!box) return;
  const text = document.getElementById("points")?.textContent ?? "[]";
  if (text === shown && !force) return;
  shown = text;
  const points = JSON.parse(text);
  box.hidden = points.length < 2;
  if (box.hidden) return;
  const columns = [0, 1, 2, 3].map((place) => points.map((point) => point[place]));
  if (chart && !force) chart.setData(columns.slice(0, chart.series.length));
  else draw(columns);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `Line chart of ${short(points.length)} points: ${percent(columns[1].at(-1))} of closed cases fit now; the same numbers are in the table below`);
}

update();
document.addEventListener("fresh", () => update());
new MutationObserver(() => update(true)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => update(true));
