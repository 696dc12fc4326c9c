// Charts over time and of durations: the server's drawings, drawn anew by uPlot (a classic script) so that one can
// read values and zoom: drag over a range; the button, or a double click, shows all again.
import { exact } from "../shared/format.js";

const HEIGHT = 220;
const DASHES = { started: [6, 4], closed: [2, 3] };
const token = (name, element = document.documentElement) => getComputedStyle(element).getPropertyValue(name).trim();
const shown = new Map(); // by name of the chart

function colour(host, look) {
  const probe = Object.assign(document.createElement("i"), { className: look });
  host.append(probe);
  const found = token("--series", probe);
  probe.remove();
  return found;
}

const read = (name) => JSON.parse(document.getElementById(`${name}-data`)?.textContent ?? "null");
const columns = ({ x, series }) => [x, ...series.map(({ values }) => values)];
const two = (n) => String(n).padStart(2, "0");
const number = (value) => (value == null ? "–" : exact(value));

const ZONE = new Intl.DateTimeFormat([], { timeZoneName: "long" }).formatToParts().find(({ type }) => type === "timeZoneName").value;

/** Words at an axis of time, in the clock of who looks: the hour, at midnight the day; days; months. */
function moments(_, places, __, ___, step) {
  return places.map((place) => {
    const at = new Date(place * 1000);
    const text = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    if (step >= 28 * 86_400) return text.slice(0, 7);
    if (step >= 86_400 || !(at.getHours() || at.getMinutes())) return text.slice(5);
    return `${two(at.getHours())}:${two(at.getMinutes())}`;
  });
}

function axis(extra) {
  return { stroke: token("--muted"), font: "12px system-ui, sans-serif", grid: { stroke: token("--line"), width: 1 }, ticks: { show: false }, ...extra };
}

function draw(host, told) {
  const bars = Boolean(told.words);
  host.replaceChildren();
  const reset = Object.assign(document.createElement("button"), { type: "button", className: "zoom", textContent: "Show all", hidden: true });
  let chart = null;
  const all = () => chart.setData(chart.data, true);
  reset.addEventListener("click", all);
  chart = new uPlot(
    {
      width: host.clientWidth || 600,
      height: HEIGHT,
      cursor: { drag: { x: !bars, y: false }, points: { size: 7 } },
      scales: { x: { time: !bars, ...(bars ? { range: (_, low, high) => [low - 0.6, high + 0.6] } : {}) }, y: { range: (_, low, high) => [0, Math.max(high * 1.08, 2)] } },
      axes: [
        axis(bars ? { values: (_, places) => places.map((place) => (Number.isInteger(place) ? (told.words[place] ?? "") : "")), space: 64, size: 28, grid: { show: false } } : { values: moments, space: 64, size: 28 }),
        axis({ size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] }),
      ],
      series: [
        { label: bars ? "from" : "Time", value: bars ? (_, place) => told.words[place] ?? "–" : "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        ...told.series.map(({ label, look }, place) => {
          const ink = colour(host, look);
          const base = { label, stroke: ink, width: 1.75, dash: DASHES[look], value: (_, value) => number(value), points: { show: false } };
          if (bars) return { ...base, fill: ink, paths: uPlot.paths.bars({ size: [0.92], align: 0 }) };
          return place ? base : { ...base, fill: `color-mix(in srgb, ${ink} 14%, transparent)` };
        }),
      ],
      hooks: {
        setScale: [(self, key) => key === "x" && self.data[0].length && (reset.hidden = bars || (self.scales.x.min <= self.data[0][0] && self.scales.x.max >= self.data[0].at(-1)))],
      },
    },
    columns(told),
    host,
  );
  chart.root.setAttribute("aria-hidden", "true"); // the table says the same
  if (!bars) chart.root.title = ZONE;
  host.append(reset);
  shown.set(host.dataset.chart, { chart, host, reset, shape: JSON.stringify([told.words, told.series.map(({ label }) => label)]) });
}

/** New values into what is drawn; a range that somebody zoomed to stays. */
function update() {
  for (const host of document.querySelectorAll("[data-chart]")) {
    const told = read(host.dataset.chart);
    if (!told?.x.length) continue;
    const known = shown.get(host.dataset.chart);
    const shape = JSON.stringify([told.words, told.series.map(({ label }) => label)]);
    if (!known || known.shape !== shape) draw(host, told);
    else known.chart.setData(columns(told), known.reset.hidden);
  }
}

function anew() {
  for (const { chart } of shown.values()) chart.destroy();
  shown.clear();
  update();
}

let width = 0;
new ResizeObserver(() => {
  if (innerWidth === width) return;
  width = innerWidth;
  for (const { chart, host } of shown.values()) chart.setSize({ width: host.clientWidth, height: HEIGHT });
}).observe(document.documentElement);
new MutationObserver(anew).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", anew);
document.addEventListener("fresh", update);
update();
