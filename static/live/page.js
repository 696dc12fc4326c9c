// The live page: joins the socket, the map, the panel, the table and the header.
import { html, render } from "../vendor/preact/standalone.module.js";
import { announce } from "./announce.js";
import { Connection } from "./connection.js";
import { age, exact, plural } from "./format.js";
import { ProcessMap } from "./map.js";
import { OVERLAYS } from "./overlay.js";
import { Panel } from "./panel.js";
import { status } from "./status.js";
import { drawing } from "./store.js";
import { Tables } from "./table.js";

const CATCH_UP_HZ = 1; // while paused: enough to count what waits
const LIVE_HZ = 10;
const page = document.querySelector("[data-live]");
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const parts = Object.fromEntries(["status", "figures", "backlog", "pause", "panel", "twin", "stage", "legend", "hold"].map((n) => [n, part(n)]));

let clock = Number(page.dataset.now) - Date.now(); // of the server, against ours
let connection_state = "connecting";
let shown = null; // the drawing on the screen
let shownSeq = 0;
let paused = false;
let health = null;
let pinned = null;
let overlay = "n";
let said = null;

const map = new ProcessMap(part("map"), { pinned: (key) => ((pinned = key), panel()) });

const connection = new Connection(
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`,
  page.dataset.log,
  {
    picture(picture, delta) {
      if (!paused) show(picture, delta);
      header();
    },
    health(message) {
      health = message;
      header();
      if (pinned === null) panel();
    },
    clock: (at) => (clock = at - Date.now()),
    state(name) {
      connection_state = name;
      header();
    },
  },
  { rate_hz: LIVE_HZ },
);

function show(picture, delta) {
  const before = shown;
  shown = drawing(picture);
  shownSeq = picture.seq;
  map.show(shown, delta?.moves, delta?.moves_omitted);
  page.classList.toggle("has-picture", shown.nodes.size > 0);
  if (before && delta) {
    const fresh = [...shown.nodes.values()].filter(({ key, kind }) => kind === "activity" && !before.nodes.has(key));
    if (fresh.length) announce(`New ${fresh.length === 1 ? "activity" : "activities"}: ${fresh.map(({ label }) => label).join(", ")}.`);
  }
  panel();
  if (!parts.twin.hidden) table();
}

const panel = () => render(html`<${Panel} ...${{ drawing: shown, pinned, streams: health?.streams ?? [], pin }} />`, parts.panel);
const table = () => render(html`<${Tables} drawing=${shown} />`, parts.twin);
const pin = (key) => map.pin(key);

function header() {
  const now = Date.now();
  const last = health?.last_received_at ?? page.dataset.received;
  const received_s = last ? Math.max(0, (now + clock - Date.parse(last)) / 1000) : null;
  const any = Boolean(last) || shownSeq > 0;
  const { kind, text, icon } = status({ connection: connection_state, paused, now, heardAt: connection.heardAt, received_s, any });
  render(html`<span class="pill ${kind}"><i class="icon ${icon}"></i>${text}</span>`, parts.status);
  const stale = kind === "broken" || kind === "ended";
  page.classList.toggle("stale", stale);
  const waits = paused && connection.picture ? connection.picture.seq - shownSeq : 0;
  parts.backlog.hidden = !paused;
  parts.backlog.textContent = `${plural(Math.max(0, waits), "event")} waiting`;
  render(
    html`<span><b>${stale || !health ? "–" : health.events_per_s}</b> events/s</span>
      <span><b>${health ? exact(health.open_cases) : "–"}</b> open</span>
      <span title=${last ? `arrived ${new Date(last).toLocaleString()}` : ""}>last event <b>${received_s === null ? "–" : received_s < 1 ? "now" : `${age(received_s)} ago`}</b></span>`,
    parts.figures,
  );
  const sentence = kind === "broken" ? "Reconnecting." : `${text}.`;
  if (said !== sentence && !["waiting", "silent"].includes(kind)) announce((said = sentence));
}

// --- what a person does ---------------------------------------------------------------

const actions = {
  pause() {
    paused = !paused;
    parts.pause.setAttribute("aria-pressed", paused);
    parts.pause.querySelector(".icon").className = `icon ${paused ? "play" : "pause"}`;
    parts.pause.querySelector("span").textContent = paused ? "Go on" : "Pause";
    connection.rate(paused ? CATCH_UP_HZ : LIVE_HZ);
    if (!paused && connection.picture) show(connection.picture, null);
    header();
  },
  live: () => paused && actions.pause(),
  fit: () => map.fit(),
  tidy: () => map.tidy(),
  closer: () => map.zoomBy(1.3),
  farther: () => map.zoomBy(1 / 1.3),
  hold() {
    map.held = !map.held;
    parts.hold.setAttribute("aria-pressed", map.held);
    parts.hold.querySelector(".icon").className = `icon ${map.held ? "lock" : "lock-open"}`;
  },
  table() {
    const open = parts.twin.hidden;
    parts.twin.hidden = !open;
    parts.stage.hidden = open;
    part("table").setAttribute("aria-pressed", open);
    if (open) table();
    else map.fit(false);
  },
  help: () => document.querySelector("#help").showModal(),
  escape: () => pinned !== null && pin(null),
};
const KEYS = {
  " ": "pause", l: "live", f: "fit", t: "tidy", m: "table", "+": "closer", "=": "closer", "-": "farther", "?": "help", Escape: "escape",
};

function choose(name) {
  overlay = name in OVERLAYS ? name : "n";
  map.overlay(overlay);
  part("overlay").value = overlay;
  parts.legend.classList.toggle("time", OVERLAYS[overlay].time);
  parts.legend.querySelector("[data-words]").textContent = OVERLAYS[overlay].time ? "shorter … longer" : "rarer … more often";
  const url = new URL(location);
  if (overlay === "n") url.searchParams.delete("show");
  else url.searchParams.set("show", overlay);
  history.replaceState(null, "", url);
}

for (const button of page.querySelectorAll("[data-action]")) button.addEventListener("click", () => actions[button.dataset.action]());
part("overlay").addEventListener("change", (event) => choose(event.target.value));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  if (event.key === " " && event.target.closest("button, a, summary")) return; // there it presses
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  actions[action]();
});
document.addEventListener("visibilitychange", () => connection.rest(document.hidden));

parts.twin.replaceChildren();
parts.twin.hidden = true;
page.classList.add("scripted");
choose(new URLSearchParams(location.search).get("show") ?? "n");
panel();
header();
setInterval(header, 1000);
