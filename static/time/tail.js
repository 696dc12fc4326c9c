// The newest events as they come, each with its case; while the view is held they wait, in a replay they are its own.
import { html, render } from "../vendor/preact/standalone.module.js";
import { exact } from "../shared/format.js";
import { clock, parsed } from "../shared/moments.js";

const SHOWN = 50;
const DRAW_MS = 250;

export function tail(view) {
  const place = view.part("tail");
  let rows = []; // the newest first
  let waiting = [];
  let missed = 0; // while held, beside those that wait
  let timer = null;

  const held = () => view.paused || view.source?.moves;

  function add(more, omitted = 0) {
    if (held()) {
      missed += omitted + Math.max(0, more.length + waiting.length - SHOWN);
      waiting = [...more, ...waiting].slice(0, SHOWN);
    } else rows = [...more, ...rows].slice(0, SHOWN);
    timer ??= setTimeout(() => ((timer = null), draw()), DRAW_MS);
  }

  function draw() {
    if (!view.time.open) return;
    const list = view.source?.moves ?? rows;
    const wait = held() && !view.source ? waiting.length + missed : 0;
    render(html`<h2>${view.source?.moves ? "What happened" : view.source ? "Newest events of all cases" : "Newest events"}${wait ? html` <span class="quiet">${exact(wait)} more waiting</span>` : null}</h2>
      ${list.length ? html`<ol>${list.slice(0, SHOWN).map((event) => html`<li key=${event.key}><time datetime=${event.at} title=${new Date(event.at).toLocaleString()}>${clock(parsed(event.at))}</time>
        <a href=${`/logs/${view.log}/cases/${encodeURIComponent(event.case)}/`}>${event.case}</a><span>${event.activity}</span></li>`)}</ol>`
        : html`<p class="quiet">${view.source?.moves ? "Nothing happened yet." : "None has come yet."}</p>`}`, place);
  }

  function follow() {
    view.connection.tail(view.time.open);
    draw();
  }

  view.on("events", ({ events, skipped }) => add(events.map(({ seq, at, activity, case: name }) => ({ key: seq, at, activity, case: name })).reverse(), skipped));
  view.on("paused", () => {
    if (!held()) {
      rows = [...waiting, ...rows].slice(0, SHOWN);
      [waiting, missed] = [[], 0];
    }
    draw();
  });
  view.on("source", () => view.tell("paused"));
  view.on("timeline", follow);
  view.on("followed", follow);
  view.on("picture", () => view.source?.moves && draw());
  follow();
}
