// The map's twin: the same numbers as sortable tables, with the columns that the picture has.
import { html, useState } from "../vendor/preact/standalone.module.js";
import { duration, exact } from "../shared/format.js";
import { START, END } from "../map/kinds.js";

const number = (value) => (typeof value === "number" ? exact(value) : "–");
const time = (value) => (value === undefined || value === null ? "–" : duration(value));
const part = (value) => (value === undefined ? "–" : `${(100 * value).toFixed(1)} %`);

const ACTIVITIES = [
  ["label", "Activity"],
  ["what", "What it is"],
  ["n", "Events", number],
  ["open", "Now here", number],
  ["maybe", "Here or elsewhere", number],
  ["starts", "Cases begin", number],
  ["closed", "Cases end", number],
];
const PATHS = [
  ["from", "From"],
  ["to", "To"],
  ["words", "What holds"],
  ["n", "Times", number],
  ["share", "Of what leaves", part],
  ["dependency", "Dependency", (value) => (value === undefined ? "–" : value.toFixed(3))],
  ["open", "Now here", number],
  ["maybe", "Here or elsewhere", number],
  ["mean_s", "Mean", time],
  ["median_s", "≈ Median", time],
  ["p95_s", "≈ 95 % within", time],
  ["total_s", "In total", time],
  ["min_s", "≈ Shortest", time],
  ["max_s", "≈ Longest", time],
];

function Sortable({ caption, columns, rows }) {
  const shown = columns.filter(([name], place) => place === 0 || rows.some((row) => row[name] !== undefined && row[name] !== ""));
  const [order, setOrder] = useState({ by: "n", down: true });
  const sorted = [...rows].sort((a, b) => {
    const [x, y] = [a[order.by] ?? -1, b[order.by] ?? -1];
    return (typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y)) : x - y) * (order.down ? -1 : 1);
  });
  const choose = (by) => setOrder({ by, down: order.by === by ? !order.down : typeof rows[0]?.[by] !== "string" });
  return html`<table>
    <caption>${caption}</caption>
    <thead><tr>${shown.map(
      ([by, name, format]) => html`<th key=${by} scope="col" class=${format ? "number" : ""}
        aria-sort=${order.by === by ? (order.down ? "descending" : "ascending") : "none"}>
        <button type="button" onClick=${() => choose(by)}>${name}</button></th>`,
    )}</tr></thead>
    <tbody>${sorted.map(
      (row) => html`<tr key=${row.key}>${shown.map(([by, , format]) =>
        format ? html`<td class="number">${format(row[by])}</td>` : html`<td>${row[by] ?? ""}</td>`)}</tr>`,
    )}</tbody>
  </table>`;
}

export function Tables({ drawing }) {
  if (!drawing) return html`<p class="quiet">Nothing was recorded yet.</p>`;
  const graph = drawing.kind === "graph";
  const ends = new Set(graph ? [START, END] : []);
  const nodes = [...drawing.nodes.values()].filter(({ key }) => !ends.has(key));
  const edges = [...drawing.edges.values()].filter(({ s, t }) => !ends.has(s) && !ends.has(t));
  const name = (node) => node.label || node.role;
  const rows = nodes.map((node) => ({
    ...node, label: name(node), what: node.kind === "activity" ? (node.says ?? []).join("; ") : node.kind,
    starts: typeof node.starts === "number" ? node.starts : undefined, closed: typeof node.ends === "number" ? node.ends - (node.open ?? 0) : undefined,
  }));
  const ways = edges.map((edge) => ({
    ...edge, n: edge.weighted ? undefined : edge.n, from: name(drawing.nodes.get(edge.s)), to: name(drawing.nodes.get(edge.t)),
    words: edge.says?.length ? edge.says.join("; ") : (edge.said ?? ""),
  }));
  return html`
    <${Sortable} key=${`nodes ${drawing.kind}`} caption=${graph ? "Activities" : "Parts"} columns=${ACTIVITIES} rows=${rows} />
    <${Sortable} key=${`edges ${drawing.kind}`} caption=${graph ? "Paths" : "Edges"} columns=${PATHS} rows=${ways} />`;
}
