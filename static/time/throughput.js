// The chart of events per minute: loads uPlot when it is needed, draws in the colours of the theme, gives ranges back.

const CHART = new URL("../vendor/uplot/", import.meta.url);
let loaded = null;

function load() {
  return (loaded ??= new Promise((done, failed) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("uPlot.min.css", CHART).href });
    const script = Object.assign(document.createElement("script"), { src: new URL("uPlot.iife.min.js", CHART).href, onload: () => done(window.uPlot), onerror: failed });
    document.head.append(style, script);
  }));
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Throughput {
  #plot = null;
  #root;
  #data = [[], []];

  /** `chosen(from, to)`: a person dragged from here to there (ms). `moved()`: what lies above the chart has to move. */
  constructor(root, { chosen, moved }) {
    this.#root = root;
    this.chosen = chosen;
    this.moved = moved;
    new ResizeObserver(() => this.#size()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#again());
    new MutationObserver(() => this.#again()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** Seconds since 1970 of minutes, in order, and the events of each. */
  async show(minutes, events) {
    this.#data = [minutes, events];
    const uPlot = await load();
    if (!this.#plot) this.#make(uPlot);
    else this.#plot.setData(this.#data);
    this.moved();
  }

  /** Where a moment (ms) is, in CSS pixels from the left of the chart; null: not in it. */
  left(ms) {
    const plot = this.#plot;
    if (!plot) return null;
    const x = plot.valToPos(ms / 1000, "x");
    return x < -1 || x > plot.over.clientWidth + 1 ? null : x + plot.over.offsetLeft;
  }

  /** Show a chosen range (ms), or none. */
  mark(range) {
    const plot = this.#plot;
    if (!plot) return;
    const [a, b] = (range ?? [0, 0]).map((ms) => Math.min(plot.over.clientWidth, Math.max(0, plot.valToPos(ms / 1000, "x"))));
    plot.setSelect({ left: range ? a : 0, width: range ? Math.max(1, b - a) : 0, top: 0, height: plot.over.clientHeight }, false);
  }

  #again() {
    if (!this.#plot) return;
    this.#plot.destroy();
    this.#make(window.uPlot);
    this.moved();
  }

  #size() {
    if (!this.#plot || !this.#root.clientWidth) return;
    this.#plot.setSize({ width: this.#root.clientWidth, height: this.#root.clientHeight });
    this.moved();
  }

  #make(uPlot) {
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const two = (n) => String(n).padStart(2, "0");
    const options = {
      width: this.#root.clientWidth,
      height: this.#root.clientHeight,
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
      axes: [
        { ...axis, size: 24, gap: 4, values: (_, splits) => splits.map((s) => { const at = new Date(s * 1000); return `${two(at.getHours())}:${two(at.getMinutes())}`; }) },
        { ...axis, size: 44, gap: 6, splits: undefined, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6], space: 28 },
      ],
      series: [
        {},
        { stroke: colour("accent"), width: 1.5, fill: `${colour("accent")}22`, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) },
      ],
      hooks: {
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width > 3) this.chosen(1000 * plot.posToVal(left, "x"), 1000 * plot.posToVal(left + width, "x"));
        }],
      },
    };
    this.#plot = new uPlot(options, this.#data, this.#root);
  }
}
