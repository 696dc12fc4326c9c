// The map's twin: the same numbers as sortable tables.
import { html, useState } from "../vendor/preact/standalone.module.js";
import { duration, exact } from "./format.js";

const time = (value) => (value === undefined || value === null ? "–" : duration(value));

const ACTIVITIES = [
  ["label", "Activity"],
  ["n", "Events", exact],
  ["open", "Now here", exact],
  ["starts", "Cases begin", exact],
  ["closed", "Cases end", exact],
];
const PATHS = [
  ["from", "From"],
  ["to", "To"],
  ["n", "Times", exact],
  ["mean_s", "Mean", time],
  ["median_s", "≈ Median", time],
  ["p95_s", "≈ 95 % within", time],
];

function Sortable({ caption, columns, rows }) {
  const [order, setOrder] = useState({ by: "n", down: true });
  const sorted = [...rows].sort((a, b) => {
    const [x, y] = [a[order.by] ?? -1, b[order.by] ?? -1];
    return (typeof x === "string" ? x.localeCompare(y) : x - y) * (order.down ? -1 : 1);
  });
  const choose = (by) => setOrder({ by, down: order.by === by ? !order.down : typeof rows[0]?.[by] !== "string" });
  return html`<table>
    <caption>${caption}</caption>
    <thead><tr>${columns.map(
      ([by, name, format]) => html`<th key=${by} scope="col" class=${format ? "number" : ""}
        aria-sort=${order.by === by ? (order.down ? "descending" : "ascending") : "none"}>
        <button type="button" onClick=${() => choose(by)}>${name}</button></th>`,
    )}</tr></thead>
    <tbody>${sorted.map(
      (row) => html`<tr key=${row.key}>${columns.map(([by, , format]) =>
        format ? html`<td class="number">${format(row[by])}</td>` : html`<td>${row[by]}</td>`)}</tr>`,
    )}</tbody>
  </table>`;
}

export function Tables({ drawing }) {
  if (!drawing) return html`<p class="quiet">Nothing was recorded yet.</p>`;
  const activities = [...drawing.nodes.values()].filter(({ kind }) => kind === "activity");
  const paths = [...drawing.edges.values()].filter(({ kind }) => kind === "path" || kind === "loop");
  const label = (key) => drawing.nodes.get(key).label;
  return html`
    <${Sortable} caption="Activities" columns=${ACTIVITIES} rows=${activities.map((node) => ({ ...node, closed: node.ends - node.open }))} />
    <${Sortable} caption="Paths" columns=${PATHS} rows=${paths.map((edge) => ({ ...edge, from: label(edge.s), to: label(edge.t) }))} />`;
}
