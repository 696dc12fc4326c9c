// The chart of the strip below the map: events per minute, marks for what happened, and a range to be replayed.
import { html, render } from "../vendor/preact/standalone.module.js";
import { api } from "../shared/api.js";
import { address, asked } from "../shared/address.js";
import { iso, parsed } from "../shared/moments.js";
import { Throughput } from "./throughput.js";

const MINUTE_MS = 60_000;
const KEPT = 1440; // minutes
const NEWS_S = 5;
const CHANGES_S = 30;
const HOURS = [1, 6, 24];

/**
 * `view.timeline`: `extent()` of the chart ([from, to] in ms or null), `select(range)`, `point(ms or null)`.
 * It tells the view "range" (from, to) when a person drags over the chart.
 */
export function timeline(view) {
  const [tools, chartPlace, marksPlace] = ["timeline-tools", "throughput", "marks"].map((name) => view.part(name));
  const minutes = new Map(); // ms of the minute → events
  let hours = HOURS.includes(Number(asked("hours"))) ? Number(asked("hours")) : HOURS[0];
  let [askedAt, changesAt] = [0, 0];
  let pointed = null;
  let selected = null;
  let asking = false;
  const chart = new Throughput(chartPlace, { chosen: (from, to) => view.tell("range", from, to), moved: () => (chart.mark(selected), place()) });

  view.timeline = {
    extent,
    select(range) {
      selected = range;
      chart.mark(range);
    },
    point(ms) {
      pointed = ms;
      place();
    },
  };

  function extent() {
    if (!minutes.size) return null;
    const end = Math.max(...minutes.keys()) + MINUTE_MS;
    return [end - hours * 60 * MINUTE_MS, end];
  }

  function draw() {
    const range = extent();
    if (!view.time.open || !range) return;
    const [xs, ys] = [[], []];
    for (let at = range[0]; at < range[1]; at += MINUTE_MS) {
      xs.push(at / 1000);
      ys.push(minutes.get(at) ?? 0);
    }
    xs.push(range[1] / 1000);
    ys.push(ys.at(-1)); // the last step, as wide as the others
    chart.show(xs, ys);
  }

  /** Marks and the place of the replay, above the chart. */
  function place() {
    const dots = [...view.time.marks].flatMap(([name, list]) => list.map((mark) => ({ ...mark, name, left: chart.left(mark.at) })));
    const shown = dots.filter(({ left }) => left !== null);
    const left = pointed === null ? null : chart.left(pointed);
    render(html`${shown.map(({ name, at, text, href, left }) => html`<a key=${`${name} ${at}`} class="mark ${name}" href=${href} title=${text} style=${{ left: `${left}px` }}><span class="sr">${text}</span></a>`)}
      ${left === null ? null : html`<i class="playhead" style=${{ left: `${left}px` }}></i>`}`, marksPlace);
  }

  async function news() {
    if (!view.time.open || document.hidden || asking) return;
    asking = true;
    try {
      if (Date.now() - askedAt >= 1000 * NEWS_S) {
        askedAt = Date.now();
        await readMinutes();
        draw();
      }
      if (Date.now() - changesAt >= 1000 * CHANGES_S) {
        changesAt = Date.now();
        await readChanges();
      }
    } catch {
      // the header says that the server does not answer; the next look comes by itself
    }
    asking = false;
  }

  async function readMinutes() {
    const known = minutes.size ? Math.max(...minutes.keys()) : null;
    const since = known === null ? "" : `&after=${iso(known - MINUTE_MS)}`;
    let path = `logs/${view.log}/minutes/?page_size=500${since}`;
    while (path && minutes.size < KEPT) {
      const page = await api(path);
      for (const { minute, events } of page.results) minutes.set(parsed(minute), events);
      path = page.next && new URL(page.next).pathname.replace("/api/v1/", "") + new URL(page.next).search;
      if (extent() && page.results.length && parsed(page.results.at(-1).minute) < extent()[1] - KEPT * MINUTE_MS) break;
    }
    for (const at of [...minutes.keys()].sort((a, b) => a - b).slice(0, Math.max(0, minutes.size - KEPT))) minutes.delete(at);
  }

  async function readChanges() {
    const { results } = await api(`logs/${view.log}/drift/?page_size=100`);
    const word = (change) => `The process changed: ${change.edges.length ? `${change.edges.length} ${change.edges.length === 1 ? "path" : "paths"}` : "how long it takes"}, found ${new Date(change.received_at).toLocaleString()}`;
    view.tell("marks", "drift", results.map((change) => ({ at: parsed(change.received_at), text: word(change), href: `/logs/${view.log}/drift/` })));
  }

  function setHours(wanted) {
    hours = wanted;
    address({ hours: hours === HOURS[0] ? null : hours });
    draw();
  }

  render(html`<label class="choice"><span>Per minute, last</span><select name="hours" onChange=${(event) => setHours(Number(event.target.value))} value=${hours}>
    ${HOURS.map((h) => html`<option value=${h}>${h === 1 ? "hour" : `${h} hours`}</option>`)}</select></label>`, tools);
  view.on("marks", place);
  view.on("second", news);
  view.on("timeline", () => news().then(draw));
  news();
}
