// The side panel: what is pinned in detail, else the log as a whole.
import { html } from "../vendor/preact/standalone.module.js";
import { duration, exact, plural, short, shortDuration } from "./format.js";

const Figures = ({ items }) => html`<dl class="figures">
  ${items.map(([name, value, title]) => html`<div key=${name}><dt>${name}</dt><dd title=${title}>${value}</dd></div>`)}
</dl>`;

/** Bars of activities or paths; each can be chosen. */
const Ranking = ({ title, rows, pin, empty }) => {
  const most = Math.max(...rows.map((row) => row.value), 1e-9);
  return html`<section class="ranking">
    <h3>${title}</h3>
    ${rows.length
      ? html`<ol>${rows.map(
          (row) => html`<li key=${row.key}>
            <button type="button" onClick=${() => pin(row.key)} title=${row.title}>
              <span class="name">${row.name}</span><span class="value">${row.text}</span>
              <meter class=${row.look ?? ""} min="0" max=${most} value=${row.value} aria-hidden="true"></meter>
            </button>
          </li>`,
        )}</ol>`
      : html`<p class="quiet">${empty}</p>`}
  </section>`;
};

const nameOf = (drawing, edge) => `${drawing.nodes.get(edge.s).label} → ${drawing.nodes.get(edge.t).label}`;
const byValue = (a, b) => b.value - a.value;

function ways(drawing, edges, end) {
  return edges
    .map((edge) => ({
      key: edge.key,
      name: drawing.nodes.get(edge[end]).label,
      value: edge.n,
      text: short(edge.n) + (edge.median_s === undefined || edge.median_s === null ? "" : ` · ≈ ${shortDuration(edge.median_s)}`),
      title: `${exact(edge.n)} times`,
    }))
    .sort(byValue);
}

const Head = ({ kind, title, close }) => html`<header>
  <div><p class="kind">${kind}</p><h2>${title}</h2></div>
  <button type="button" class="icon-only" onClick=${close} title="Close (Esc)"><i class="icon x"></i><span class="sr">Close</span></button>
</header>`;

function Activity({ drawing, node, pin }) {
  const edges = [...drawing.edges.values()];
  return html`<${Head} kind="Activity" title=${node.label} close=${() => pin(null)} />
    <${Figures} items=${[
      ["Events", exact(node.n)],
      ["Now here", exact(node.open)],
      ["Cases begin here", exact(node.starts)],
      ["Cases end here", exact(node.ends - node.open)],
    ]} />
    <${Ranking} title="Comes from" rows=${ways(drawing, edges.filter(({ t }) => t === node.key), "s")} pin=${pin} empty="Nothing before it." />
    <${Ranking} title="Goes to" rows=${ways(drawing, edges.filter(({ s }) => s === node.key), "t")} pin=${pin} empty="Nothing after it yet." />`;
}

function Path({ drawing, edge, pin }) {
  const timed = edge.mean_s !== undefined && edge.mean_s !== null;
  const kind = { start: "Cases begin", end: "Cases end", loop: "Repetition", path: "Path" }[edge.kind];
  return html`<${Head} kind=${kind} title=${nameOf(drawing, edge)} close=${() => pin(null)} />
    <${Figures} items=${[
      [edge.kind === "start" || edge.kind === "end" ? "Cases" : "Times taken", exact(edge.n)],
      ...(timed
        ? [
            ["Mean", duration(edge.mean_s)],
            ["Median", `≈ ${duration(edge.median_s)}`, "within 1 % of the exact median"],
            ["95 % within", `≈ ${duration(edge.p95_s)}`, "within 1 % of the exact value"],
          ]
        : []),
    ]} />
    ${[edge.s, edge.t].filter((key) => drawing.nodes.get(key).kind === "activity").map(
      (key) => html`<p key=${key}><button type="button" class="link" onClick=${() => pin(key)}>${drawing.nodes.get(key).label}</button></p>`,
    )}`;
}

const STATES = {
  connected: ["ok", "connected"],
  connecting: ["wait", "connecting"],
  failed: ["bad", "cannot connect"],
  stalled: ["bad", "stalled"],
  stopped: ["off", "stopped"],
};
const LAG_S = 1; // from which on it is worth a word

const Streams = ({ streams }) => html`<section class="ranking">
  <h3>Fed by</h3>
  <ul class="streams">
    ${streams.map(({ slug, name, state, last_error, advice, rate_per_s, lag_s, rejected }) => {
      const [look, words] = STATES[state] ?? ["off", state];
      const more = [
        look === "bad" && last_error,
        rate_per_s > 0 && `${rate_per_s}/s`,
        lag_s >= LAG_S && `${Math.round(lag_s)} s behind`,
        rejected > 0 && `${rejected} refused`,
      ].filter(Boolean);
      return html`<li key=${slug}><i class="state ${look}"></i><span class="name">${name}</span
        ><span class="quiet" title=${advice || ""}>${[words, ...more].join(", ")}</span></li>`;
    })}
  </ul>
</section>`;

function Whole({ drawing, streams, pin }) {
  const activities = [...drawing.nodes.values()].filter(({ kind }) => kind === "activity");
  const edges = [...drawing.edges.values()];
  const waiting = activities
    .filter(({ open }) => open)
    .map(({ key, label, open }) => ({ key, name: label, value: open, look: "case", text: short(open), title: plural(open, "open case") }));
  const slow = edges
    .filter(({ median_s }) => median_s)
    .map((edge) => ({
      key: edge.key, name: nameOf(drawing, edge), value: edge.median_s, look: "time",
      text: `≈ ${shortDuration(edge.median_s)}`, title: `median of ${plural(edge.n, "move")}`,
    }));
  return html`<${Figures} items=${[
      ["Events", short(drawing.events), exact(drawing.events)],
      ["Cases", short(drawing.starts), exact(drawing.starts)],
      ["Open now", short(drawing.open), exact(drawing.open)],
      ["Ended", short(drawing.ends), exact(drawing.ends)],
      ["Activities", exact(activities.length)],
      ["Paths", exact(edges.filter(({ kind }) => kind === "path" || kind === "loop").length)],
    ]} />
    <${Ranking} title="Now here" rows=${waiting.sort(byValue).slice(0, 6)} pin=${pin} empty="No case is open." />
    <${Ranking} title="Slowest moves (median)" rows=${slow.sort(byValue).slice(0, 5)} pin=${pin} empty="No move has taken time yet." />
    ${streams.length ? html`<${Streams} streams=${streams} />` : null}`;
}

export function Panel({ drawing, pinned, streams, pin }) {
  if (!drawing) return html`<div class="skeleton" aria-hidden="true"></div>`;
  const node = drawing.nodes.get(pinned);
  if (node?.kind === "activity") return html`<${Activity} key=${pinned} ...${{ drawing, node, pin }} />`;
  const edge = drawing.edges.get(pinned);
  if (edge) return html`<${Path} key=${pinned} ...${{ drawing, edge, pin }} />`;
  return html`<${Whole} ...${{ drawing, streams, pin }} />`;
}
