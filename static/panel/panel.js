// The side panel: what is pinned in detail, else the log as a whole.
import { html, useEffect, useState } from "../vendor/preact/standalone.module.js";
import { duration, exact, plural, short, shortDuration } from "../shared/format.js";
import { NAMES } from "../map/kinds.js";
import { Figures, Head } from "./panel-parts.js";

let cases = null; // panel-case.js, once one of its parts was wanted

/** A part of panel-case.js, by name. */
function OfCases({ part, ...props }) {
  const [found, set] = useState(cases);
  useEffect(() => {
    if (!found) import("./panel-case.js").then((module) => set((cases = module)));
  }, []);
  return found ? html`<${found[part]} ...${props} />` : html`<div class="skeleton short" aria-hidden="true"></div>`;
}

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

const wordOf = (node) => (node.kind === "place" ? "a place" : node.label || node.role);
const nameOf = (drawing, edge) => `${wordOf(drawing.nodes.get(edge.s))} → ${wordOf(drawing.nodes.get(edge.t))}`;
const byValue = (a, b) => b.value - a.value;

function ways(drawing, edges, end) {
  return edges
    .map((edge) => ({
      key: edge.key,
      name: wordOf(drawing.nodes.get(edge[end])),
      value: edge.n ?? 0,
      text: (edge.n === undefined ? (edge.said ?? "") : short(edge.n)) + (edge.median_s === undefined || edge.median_s === null ? "" : ` · ≈ ${shortDuration(edge.median_s)}`),
      title: edge.n === undefined ? (edge.says ?? []).join("; ") : `${exact(edge.n)} times`,
    }))
    .sort(byValue);
}

function Activity({ drawing, node, pin, cases }) {
  const edges = [...drawing.edges.values()];
  return html`<${Head} kind="Activity" title=${node.label} close=${() => pin(null)} />
    <${Figures} items=${[
      ["Events", node.n],
      ["Now here", node.open],
      ["Here or elsewhere", node.maybe, "one of several ways to explain these cases"],
      ["Cases begin here", node.starts],
      ["Cases end here", node.ends === undefined ? undefined : node.ends - (node.open ?? 0)],
    ].filter(([, value]) => typeof value === "number").map(([name, value, ...title]) => [name, exact(value), ...title])} />
    <${Says} lines=${node.says} />
    <${Ranking} title="Comes from" rows=${ways(drawing, edges.filter(({ t }) => t === node.key), "s")} pin=${pin} empty="Nothing before it." />
    <${Ranking} title="Goes to" rows=${ways(drawing, edges.filter(({ s }) => s === node.key), "t")} pin=${pin} empty="Nothing after it yet." />
    <${OfCases} part="CasesHere" key=${node.label} label=${node.label} ...${cases} />`;
}

/** What a model says of a part, a sentence each. */
const Says = ({ lines }) => (lines?.length ? html`<ul class="says">${lines.map((line) => html`<li key=${line}>${line}</li>`)}</ul>` : null);

/** A part that is no activity: a place, a gateway, an operator. */
function Part({ drawing, node, pin }) {
  const edges = [...drawing.edges.values()];
  const beside = (list, end) => list.map((edge) => ({ key: edge[end], name: wordOf(drawing.nodes.get(edge[end])), value: 0, text: "", title: "" }));
  return html`<${Head} kind=${NAMES[drawing.kind]} title=${node.role} close=${() => pin(null)} />
    <${Figures} items=${[["Now here", node.open], ["Here or elsewhere", node.maybe]].filter(([, value]) => value).map(([name, value]) => [name, exact(value)])} />
    <${Ranking} title="From" rows=${beside(edges.filter(({ t }) => t === node.key), "s")} pin=${pin} empty="Nothing before it." />
    <${Ranking} title="To" rows=${beside(edges.filter(({ s }) => s === node.key), "t")} pin=${pin} empty="Nothing after it." />`;
}

function Path({ drawing, edge, pin }) {
  const timed = edge.mean_s !== undefined && edge.mean_s !== null;
  const kind = { start: "Cases begin", end: "Cases end", loop: "Repetition", path: "Path" }[edge.kind];
  return html`<${Head} kind=${kind} title=${nameOf(drawing, edge)} close=${() => pin(null)} />
    <${Figures} items=${[
      ...(edge.n === undefined || edge.weighted ? [] : [[edge.kind === "start" || edge.kind === "end" ? "Cases" : "Times taken", exact(edge.n)]]),
      ...(edge.share === undefined ? [] : [["Of what leaves", `${(100 * edge.share).toFixed(1)} %`]]),
      ...(edge.dependency === undefined ? [] : [["Dependency", edge.dependency.toFixed(3)]]),
      ...(timed
        ? [
            ["Mean", duration(edge.mean_s)],
            ["Median", edge.median_s, "within 1 % of the exact median"],
            ["95 % within", edge.p95_s, "within 1 % of the exact value"],
            ["Shortest", edge.min_s, "within 1 % of the exact value"],
            ["Longest", edge.max_s, "within 1 % of the exact value"],
          ].filter(([, value]) => typeof value === "number" || typeof value === "string").map(([name, value, title]) => [name, typeof value === "number" ? `≈ ${duration(value)}` : value, title])
        : []),
      ...(typeof edge.total_s === "number" ? [["In total", duration(edge.total_s)]] : []),
    ]} />
    <${Says} lines=${edge.says} />
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
  const waiting = [...drawing.nodes.values()]
    .filter(({ open }) => open)
    .map(({ key, label, role, open }) => ({ key, name: label || role, value: open, look: "case", text: short(open), title: plural(open, "open case") }));
  const slow = edges
    .filter(({ median_s }) => median_s)
    .map((edge) => ({
      key: edge.key, name: nameOf(drawing, edge), value: edge.median_s, look: "time",
      text: `≈ ${shortDuration(edge.median_s)}`, title: `median of ${plural(edge.n, "move")}`,
    }));
  return html`<${Figures} items=${[
      ["Events", short(drawing.events), exact(drawing.events)],
      ...(drawing.starts
        ? [
            ["Cases", short(drawing.starts), exact(drawing.starts)],
            ["Open now", short(drawing.open), exact(drawing.open)],
            ["Ended", short(drawing.ends), exact(drawing.ends)],
          ]
        : []),
      ["Activities", exact(activities.length)],
      [drawing.kind === "graph" ? "Paths" : "Edges", exact(edges.filter(({ kind }) => kind !== "start" && kind !== "end").length)],
    ]} />
    <${Ranking} title="Now here" rows=${waiting.sort(byValue).slice(0, 6)} pin=${pin} empty="No case is open." />
    ${drawing.kind === "graph" ? html`<${Ranking} title="Slowest moves (median)" rows=${slow.sort(byValue).slice(0, 5)} pin=${pin} empty="No move has taken time yet." />` : null}
    ${streams.length ? html`<${Streams} streams=${streams} />` : null}`;
}

/** `alarms`: what rules matched (matches.js). `cases`: {log, now (ms), follow(name), end(), followed (follow.js) or null}. */
export function Panel({ drawing, pinned, streams, pin, cases, alarms }) {
  if (!drawing) return html`<div class="skeleton" aria-hidden="true"></div>`;
  const node = drawing.nodes.get(pinned);
  if (node?.kind === "activity") return html`<${Activity} key=${pinned} ...${{ drawing, node, pin, cases }} />${alarms}`;
  if (node && node.kind !== "start" && node.kind !== "end") return html`<${Part} key=${pinned} ...${{ drawing, node, pin }} />`;
  const edge = drawing.edges.get(pinned);
  if (edge) return html`<${Path} key=${pinned} ...${{ drawing, edge, pin }} />`;
  if (cases.followed) return html`<${OfCases} part="FollowedCase" key=${cases.followed.name} ...${{ ...cases, pin }} />${alarms}`;
  return html`${alarms}<${Whole} ...${{ drawing, streams, pin }} />`;
}
