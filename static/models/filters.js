// Which cases the map shows: a time window and filters, as chips that can be taken away, all of it in the address.
// The server mines the selected cases alone (models/{id}/picture/selection/), again and again while somebody looks.
import { html, render } from "../vendor/preact/standalone.module.js";
import { action } from "../shared/actions.js";
import { address, asked } from "../shared/address.js";
import { announce } from "../shared/announce.js";
import { chipsOf, NAMES, PREFIXES, queryOf, WINDOWS, windowOf } from "./filter-words.js";
import { age, exact, plural } from "../shared/format.js";
import { result } from "./job.js";
import { fromSnapshot } from "../socket/store.js";

const AGAIN_S = 2; // between two answers, at least
const SHARE = 3; // of the time: so many parts of rest for one of work

export function filters(view) {
  const [place, dialog, nothing] = ["filters", "filter-dialog", "nothing"].map((name) => view.part(name));
  let chosen = read(); // name → value, as the API takes them
  let found = null; // the newest answer
  let asking = null; // an AbortController while an answer is under way
  let part = null; // how far it is
  let error = "";
  let restUntil = 0;
  let heardAt = 0;

  const some = () => Object.keys(chosen).length > 0;
  const source = {};

  function choose(next) {
    chosen = next;
    const names = [...new URLSearchParams(location.search).keys()].filter(isOurs);
    address({ ...Object.fromEntries(names.map((name) => [name, null])), ...chosen });
    asking?.abort();
    asking = null;
    error = "";
    restUntil = 0;
    found = null;
    view.take("filters", some() ? source : null);
    if (some()) ask();
    draw();
  }

  /** Mine the selection anew, if it may have changed and the last answer is old enough. */
  async function ask() {
    const behind = !found || !view.newest || view.newest.seq > found.picture.seq || view.model !== found.picture.model;
    if (!some() || asking || view.paused && found || document.hidden || view.model === null || !behind || Date.now() < restUntil) return;
    const own = (asking = new AbortController());
    part = 0;
    draw();
    const model = view.model;
    const began = Date.now();
    try {
      const answer = await result(`models/${model}/picture/selection/?${queryOf(chosen)}`, { signal: own.signal, progress: (done) => ((part = done), draw()) });
      if (asking !== own) return;
      const first = found === null;
      found = { picture: { ...fromSnapshot(answer), model, events: answer.selection.events }, selection: answer.selection };
      [error, heardAt] = ["", Date.now()];
      restUntil = Date.now() + Math.max(1000 * AGAIN_S, SHARE * (Date.now() - began));
      if (first) announce(words());
      if (view.source === source) show();
    } catch (refused) {
      if (asking !== own) return;
      error = refused.message;
      restUntil = Date.now() + 15_000;
    }
    asking = part = null;
    draw();
  }

  function show() {
    if (found) view.show(found.picture);
    draw();
  }

  const words = () => {
    const { cases, events } = found.selection;
    return cases ? `${plural(cases, "case")}, ${plural(events, "event")}` : "No case matches.";
  };

  function draw() {
    const chips = chipsOf(chosen);
    const files = queryOf(chosen);
    const old = found && view.newest?.seq > found.picture.seq ? `, as of ${age((Date.now() - heardAt) / 1000)} ago` : "";
    const asleep = some() && view.source !== source ? "The replay shows all cases." : "";
    const state = asleep || error || (found ? words() + old : part === null ? "" : part > 0 ? `Selecting cases, ${Math.round(100 * part)} %` : "Selecting cases …");
    render(html`
      <label class="choice"><span class="sr">Cases of</span><select name="window" title="By when events happened: the last hour and day end with the newest event" value=${windowOf(chosen)} onChange=${(event) => setWindow(event.target.value)}>
        ${Object.entries(WINDOWS).map(([name, { word }]) => html`<option value=${name}>${word}</option>`)}
      </select></label>
      <button type="button" data-action="filter" aria-haspopup="dialog"><i class="icon sliders-horizontal"></i><span>Filter</span></button>
      ${chips.length ? html`<ul class="chips" aria-label="Filters">${chips.map(({ names, text }) => html`<li key=${text}><span>${text}</span>
        <button type="button" class="icon-only" onClick=${() => remove(names)} title="Remove this filter"><i class="icon x"></i><span class="sr">Remove the filter ${text}</span></button></li>`)}</ul>` : null}
      ${chips.length > 1 ? html`<button type="button" class="link" onClick=${() => choose({})}>Clear all</button>` : null}
      ${some() ? html`<span class=${error && !asleep ? "selected problem" : "selected quiet"} role=${error && !asleep ? "alert" : undefined}>${state}</span>
        <span class="files quiet">Their events: <a href=${`/api/v1/logs/${view.log}/export/selection/?as=xes&${files}`}>XES</a> <a href=${`/api/v1/logs/${view.log}/export/selection/?as=csv&${files}`}>CSV</a></span>` : null}`, place);
    const none = some() && found?.selection.cases === 0 && view.source === source;
    nothing.hidden = !none;
    view.page.classList.toggle("selecting", some() && !found && !error && view.source === source);
    if (none) render(html`<i class="icon info"></i><p>No case matches these filters.</p><p><button type="button" onClick=${() => choose({})}>Clear the filters</button></p>`, nothing);
  }

  function remove(names) {
    choose(Object.fromEntries(Object.entries(chosen).filter(([name]) => !names.includes(name))));
    place.querySelector(".chips button, [data-action=filter]")?.focus();
  }

  function setWindow(name) {
    const rest = Object.fromEntries(Object.entries(chosen).filter(([key]) => !WINDOWS.custom.names.includes(key)));
    if (name === "custom") open();
    else choose({ ...rest, ...WINDOWS[name].query });
  }

  async function open() {
    const { FilterForm } = await import("./filter-form.js");
    const activities = [...(view.shown?.nodes.values() ?? [])].filter(({ kind }) => kind === "activity").map(({ label }) => label);
    const close = () => (dialog.close(), draw());
    render(null, dialog);
    render(html`<${FilterForm} chosen=${chosen} activities=${activities.sort()} close=${close} apply=${(next) => (close(), choose(next))} />`, dialog);
    dialog.showModal();
  }

  dialog.addEventListener("cancel", () => setTimeout(draw)); // the window goes back to what is chosen
  action("filter", open);
  view.on("source", () => (view.source === source ? (show(), ask()) : draw()));
  view.on("followed", ask);
  view.on("paused", ask);
  view.on("second", () => some() && (ask(), draw()));
  document.addEventListener("visibilitychange", ask);
  if (some()) view.take("filters", source);
  draw();
}

const isOurs = (name) => NAMES.includes(name) || PREFIXES.some((prefix) => name.startsWith(prefix));

function read() {
  const found = {};
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (isOurs(name) && value) found[name] = name === "variant" && found[name] ? `${found[name]},${value}` : value; // of variants, any
  }
  return found;
}
