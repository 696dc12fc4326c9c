// What rules matched in the last hour and nobody has acknowledged: on the map, in the timeline, in the panel, said once.
// Loaded with the first match.
import { html } from "../vendor/preact/standalone.module.js";
import { api } from "../shared/api.js";
import { announce } from "../shared/announce.js";
import { age, exact, plural } from "../shared/format.js";
import { pageOf } from "./panel-case.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const KEPT = 500; // matches
const LISTED = 8;
const LOOK_MS = 30_000; // between two looks at what was acknowledged elsewhere
const DRAW_MS = 250;
const RANK = ["info", "warning", "critical"];
const ICONS = { critical: "octagon-alert", warning: "triangle-alert", info: "info" };

const worst = (rows) => RANK[Math.max(...rows.map(({ severity }) => RANK.indexOf(severity)))];
const sentence = ({ rule_name, case: name }) => `${rule_name}${name ? `, case ${name}` : ""}`;
const count = (rows) => plural(rows.length, "match", "matches");

function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}

/** A function that takes the socket's messages of matches; `news`: they came while somebody looks. */
export function matches(view) {
  const rows = new Map(); // by id
  let shown = []; // the newest first
  let lookedAt = 0;
  let timer = null;

  const now = () => Date.now() + view.clock;
  const all = `/rules/matches/?log=${view.log}&state=new`;

  function changed() {
    const recent = [...rows.values()].filter(({ matched_at }) => Date.parse(matched_at) > now() - HOUR_MS);
    shown = recent.sort((a, b) => b.id - a.id).slice(0, KEPT);
    rows.clear();
    for (const row of shown) rows.set(row.id, row);
    timer ??= setTimeout(show, DRAW_MS);
  }

  function show() {
    timer = null;
    const places = grouped(shown.filter(({ activity }) => activity), ({ activity }) => `a:${activity}`);
    view.map.alarm(new Map([...places].map(([key, list]) => [key, { n: list.length, severity: worst(list) }])));
    const minutes = grouped(shown, ({ matched_at }) => Math.floor(Date.parse(matched_at) / MINUTE_MS));
    view.tell("marks", "match", [...minutes.values()].map((list) => ({
      at: Date.parse(list[0].matched_at),
      text: list.length === 1 ? `${worst(list)}: ${sentence(list[0])}. ${list[0].reason}` : `${count(list)} of rules, the worst ${worst(list)}; the last: ${sentence(list[0])}`,
      href: all,
    })));
    view.tell("matches");
  }

  /** All of them, as they are now. */
  async function look() {
    lookedAt = Date.now();
    const before = [...rows.keys()];
    const since = new Date(now() - HOUR_MS).toISOString();
    try {
      const { results } = await api(`rule-matches/?log=${view.log}&state=new&matched_after=${since}&page_size=${KEPT}`);
      for (const id of before) rows.delete(id); // what came meanwhile stays
      for (const row of results) rows.set(row.id, row);
      changed();
    } catch {
      // the header says that the server does not answer; the next look comes by itself
    }
  }

  /** The list of the panel: of what is pinned, of the case that is followed, or of the log; null: nothing. */
  view.alarms = () => {
    const activity = view.shown?.nodes.get(view.pinned)?.label;
    const of = view.pinned !== null ? (row) => row.activity === activity : view.case ? (row) => row.case === view.case.name : () => true;
    const list = shown.filter(of);
    if (!list.length) return null;
    return html`<section class="ranking alarms-list" aria-label="Matches of rules">
      <h3>${count(list)} of rules to acknowledge, last hour</h3>
      <ul>${list.slice(0, LISTED).map((row) => html`<li key=${row.id} class=${row.severity}>
        <i class="icon ${ICONS[row.severity]}" title=${row.severity}></i><span><span class="sr">${row.severity}: </span>${row.rule_name}${row.case ? html` · <a href=${pageOf(view.log, row.case)}>${row.case}</a>` : null}</span>
        <time class="quiet" datetime=${row.matched_at}>${age(Math.max(0, (now() - Date.parse(row.matched_at)) / 1000))} ago</time>
        <small>${row.reason}</small></li>`)}</ul>
      <p><a href=${all}>${list.length > LISTED ? `All ${exact(list.length)}, to acknowledge them` : "Look at them, acknowledge them"}</a></p></section>`;
  };

  view.on("second", () => rows.size && !document.hidden && Date.now() - lookedAt >= LOOK_MS && look());
  return (message, news) => {
    const fresh = message.matches.filter(({ id }) => !rows.has(id));
    const loud = fresh.filter(({ severity }) => severity !== "info");
    if (news && loud.length) announce(loud.length === 1 ? `A rule matched: ${sentence(loud[0])}.` : `${count(loud)} of rules; the last: ${sentence(loud.at(-1))}.`);
    if (!news || message.skipped) look(); // some of it may be acknowledged; more than it tells may have come
    else {
      for (const row of fresh) rows.set(row.id, row);
      changed();
    }
  };
}
