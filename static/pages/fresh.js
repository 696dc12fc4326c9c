// A page that keeps itself up to date. The server makes every page whole, so that each works without scripts; here
// the parts marked data-fresh="SECONDS" (each with an id) are fetched anew and changed into what they now are.
//   form[data-filter]  is asked as one types, the answer shown without leaving the page
//   a[data-swap]       (sorting, pages) the same
//   time[data-age]     says how long ago, and goes on saying it
//   time               says the moment in the clock of who looks, with the zone on hover; the server says it in UTC
// Whoever draws something from the page itself listens to the event "fresh" of document.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.esm.js";
import { age } from "../shared/format.js";

const TYPING_MS = 300;
const parts = () => [...document.querySelectorAll("[data-fresh][id]")];
let clock = Number(document.body.dataset.now) - Date.now(); // of the server, against ours
let heardAt = Date.now();
let asked = 0; // numbers the requests: an answer that was overtaken is not shown

const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
const MINUTES = new Intl.DateTimeFormat("sv-SE", PARTS); // 2026-04-01 09:30; made once, as that takes longest
const SECONDS = new Intl.DateTimeFormat("sv-SE", { ...PARTS, second: "2-digit" });
const ZONED = new Intl.DateTimeFormat([], { dateStyle: "long", timeStyle: "long" });
const zoned = ({ dateTime }) => ZONED.format(new Date(dateTime));

export function ages() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const seconds = Math.max(0, (Date.now() + clock - Date.parse(time.dateTime)) / 1000);
    time.textContent = seconds < 1 ? "now" : `${age(seconds)} ago`;
    time.title = zoned(time);
  }
  for (const time of document.querySelectorAll("time[datetime]:not([data-age], [data-local])")) {
    const place = time.firstElementChild ?? time;
    place.textContent = (/:\d\d:/.test(place.textContent) ? SECONDS : MINUTES).format(new Date(time.dateTime));
    time.title = zoned(time);
    time.dataset.local = ""; // an update from the server takes it away, with the words
  }
  const away = document.querySelector(".away");
  if (away) away.textContent = `The server does not answer. What you see is ${age((Date.now() - heardAt) / 1000)} old; it goes on by itself.`;
}

function stale(is) {
  document.body.classList.toggle("stale", is);
  const line = document.querySelector(".away");
  if (!is) line?.remove();
  else if (!line) document.querySelector("main").prepend(Object.assign(document.createElement("p"), { className: "away", role: "status" }));
}

const callbacks = {
  // What a person opened stays open; what is being typed stays typed.
  beforeAttributeUpdated: (name, node) => !(name === "open" && node.matches("details, dialog")),
  beforeNodeMorphed: (node) => !(node instanceof Element && node.matches("[data-keep]")),
};

/** Fetch this page and change its fresh parts. */
export async function refresh(only = null) {
  const number = ++asked;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (number !== asked) return;
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return location.reload(); // signed out
    if (answer.status === 403 || answer.status === 404) return location.reload(); // no longer ours to see
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== asked) return;
    for (const part of parts()) {
      const now = fresh.getElementById(part.id);
      if (now && (only === null || only(part))) Idiomorph.morph(part, now, { ignoreActiveValue: true, callbacks });
    }
    clock = Number(fresh.body.dataset.now) - Date.now();
    heardAt = Date.now();
    stale(false);
    document.dispatchEvent(new CustomEvent("fresh"));
  } catch {
    if (number === asked) stale(true); // the server is away for a moment; what is shown stays, marked
  }
  ages();
}

/** Show what another address of this page shows. */
function go(url, replace) {
  history[replace ? "replaceState" : "pushState"](null, "", url);
  return refresh();
}

let typing = 0;
function filter(form, replace) {
  const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  return go(`${location.pathname}${fields.size ? `?${fields}` : ""}`, replace);
}
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-filter]");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => filter(form, true), TYPING_MS);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-filter]")) return;
  event.preventDefault();
  clearTimeout(typing);
  filter(event.target, false);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href, false);
});
addEventListener("popstate", () => refresh());

let ticks = 0;
setInterval(() => {
  ages();
  ticks += 1;
  if (document.hidden) return;
  const due = (part) => ticks % Number(part.dataset.fresh) === 0;
  if (parts().some(due)) refresh(due);
}, 1000);
document.addEventListener("visibilitychange", () => document.hidden || refresh()); // one catch-up
ages();
