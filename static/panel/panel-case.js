// The side panel about cases: the one that is followed, and those that stand at an activity now.
import { html, useEffect, useState } from "../vendor/preact/standalone.module.js";
import { api } from "../shared/api.js";
import { duration, exact, plural } from "../shared/format.js";
import { Figures, Head } from "./panel-parts.js";

const SHOWN = 6; // cases in a short list
const AGAIN_MS = 5000;
const LAST = 100; // events shown of a long case

export const pageOf = (log, name) => `/logs/${log}/cases/${encodeURIComponent(name)}/`;
const since = (at, now) => Math.max(0, (now - Date.parse(at)) / 1000);
const long = (at) => new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
const brief = (at) => new Date(at).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** The open cases at an activity, those that wait longest first, each with a link to its page. */
export function CasesHere({ log, label, now, follow }) {
  const [found, set] = useState(null);
  useEffect(() => {
    let gone = false;
    const look = async () => {
      if (document.hidden) return;
      try {
        const { results, next } = await api(`logs/${log}/cases/?activity=${encodeURIComponent(label)}&state=open&ordering=last_at&page_size=${SHOWN}`);
        if (!gone) set({ rows: results, more: next !== null });
      } catch (refused) {
        if (!gone) set((before) => before ?? { rows: [], error: refused.message });
      }
    };
    look();
    const timer = setInterval(look, AGAIN_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [log, label]);
  if (found === null) return html`<section><h3>Cases now here</h3><div class="skeleton short" aria-hidden="true"></div></section>`;
  const { rows, more, error } = found;
  return html`<section class="ranking">
    <h3>Cases now here, longest wait first</h3>
    ${error ? html`<p class="quiet">${error}</p>` : rows.length ? null : html`<p class="quiet">No open case stands here.</p>`}
    <ul class="cases">
      ${rows.map(
        (row) => html`<li key=${row.case}><a href=${pageOf(log, row.case)}>${row.case}</a>
          <span class="value" title=${`since ${long(row.last_at)}`}>${duration(Math.round(since(row.last_at, now)))}</span>
          <button type="button" class="link" onClick=${() => follow(row.case)}>follow<span class="sr"> ${row.case}</span></button></li>`,
      )}
    </ul>
    ${more ? html`<p><a href=${`/logs/${log}/cases/?activity=${encodeURIComponent(label)}&state=open`}>All of them</a></p>` : null}
  </section>`;
}

const deviation = ({ at, activity, missing }) =>
  missing ? `Event ${at + 1}, ${activity}: not expected here.` : `Event ${at + 1}, ${activity}: the reference model does not know it.`;

function Judged({ judged }) {
  if (!judged) return html`<p class="quiet">Not compared with a reference model.</p>`;
  const { deviations, breaches, count } = judged;
  if (!count) return html`<p><i class="icon circle-check"></i> As the reference model says, so far.</p>`;
  return html`<section class="wrong-list">
    <h3><i class="icon triangle-alert"></i> ${plural(count, "deviation")} from the reference model</h3>
    <ul>${deviations.map((one) => html`<li key=${one.at}>${deviation(one)}</li>`)}${breaches.map(({ sentence, pending }, i) => html`<li key=${`b${i}`}>${sentence}${pending ? " Not yet." : ""}</li>`)}</ul>
  </section>`;
}

/** The case that is followed: where it stands, what deviates, how it came there. */
export function FollowedCase({ log, followed, now, pin, end }) {
  const { name, detail, judged, error } = followed;
  const head = html`<${Head} kind="Following the case" title=${name} close=${end} />`;
  if (!detail) return html`${head}${error ? html`<p role="alert">${error}</p>` : html`<div class="skeleton" aria-hidden="true"></div>`}`;
  const open = detail.state === "open";
  const wrong = new Set((judged?.deviations ?? []).map(({ at }) => at));
  const from = Math.max(0, detail.trace.length - LAST);
  return html`${head}
    <${Figures} items=${[
      ["State", open ? "Open" : "Ended"],
      ["Events", exact(detail.events)],
      [open ? "Stands at" : "Ended with", detail.position.activity],
      open ? ["For", duration(Math.round(since(detail.last_at, now))), `since ${long(detail.last_at)}`] : ["Ended", brief(detail.last_at), long(detail.last_at)],
      ["Began", brief(detail.started_at), long(detail.started_at)],
      [open ? "So far" : "Took", duration(detail.duration_s)],
    ]} />
    <p><a href=${pageOf(log, name)}>All about this case</a></p>
    <${Judged} judged=${judged} />
    <section>
      <h3>${from || detail.trace_omitted ? "Its way (in part)" : "Its way"}</h3>
      <ol class="way" start=${from + 1}>
        ${detail.trace.slice(from).map((event, i) => {
          const at = from + i;
          const before = detail.trace[at - 1];
          return html`<li key=${event.seq} class=${wrong.has(at) ? "wrong" : ""}>
            <button type="button" class="link" onClick=${() => pin(`a:${event.activity}`)}>${event.activity}</button>
            ${wrong.has(at) ? html` <i class="icon triangle-alert" title="deviates"></i><span class="sr">deviates</span>` : null}
            <span class="quiet" title=${long(event.at)}>${before ? `after ${duration(Math.max(0, (Date.parse(event.at) - Date.parse(before.at)) / 1000))}` : brief(event.at)}</span>
          </li>`;
        })}
      </ol>
    </section>`;
}
