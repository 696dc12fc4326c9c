// The models of the log: which one is shown, the same one in other views, new ones by a form made from the registry.
import { html, render, useState } from "../vendor/preact/standalone.module.js";
import { api } from "../shared/api.js";
import { action } from "../shared/actions.js";
import { address } from "../shared/address.js";
import { announce } from "../shared/announce.js";
import { age, duration, plural } from "../shared/format.js";

const LOOK_MS = { waiting: 1000, slow: 5000 }; // between two looks at the row of a model
const WORTH_MS = 100; // a derivation that takes less needs no word

/** The views on one key each: of the algorithm that is shown, where it has such a view, else of the one named here. */
const VIEWS = [
  { name: "Process map", algorithm: "dfg" },
  { name: "Heuristics", algorithm: "heuristics" },
  { name: "Petri net", algorithm: "imd", view: "petri-net" },
  { name: "BPMN", algorithm: "imd", view: "bpmn" },
  { name: "Process tree", algorithm: "imd", view: "tree" },
];

const sorted = (parameters) => JSON.stringify(Object.entries(parameters).sort());

export function models(view) {
  const [quick, words, panel] = ["views", "model", "models"].map((name) => view.part(name));
  const may = view.page.dataset.may === "change"; // create models
  let rows = [];
  let algorithms = null;
  let error = null;
  let lookedAt = 0;

  const known = (name) => algorithms?.find((one) => one.name === name);
  const complete = ({ algorithm, parameters = {} }) => ({
    ...Object.fromEntries((known(algorithm)?.parameters ?? []).map(({ name, default: value }) => [name, value])), ...parameters,
  });
  const same = (a, b) => a.algorithm === b.algorithm && a.cases === b.cases && sorted(complete(a)) === sorted(complete(b));
  const wanted = () => rows.find(({ id }) => id === (view.wanted ?? view.model));
  const waits = () => view.shown !== null && !view.source && view.model !== null && view.shown.model !== view.model;

  /** The model that a view of the present one is. */
  function meant({ algorithm, view: shape }) {
    const now = wanted() ?? { algorithm: "dfg", cases: "all", parameters: {} };
    const choices = known(now.algorithm)?.parameters.find(({ name }) => name === "view")?.choices ?? [];
    const own = shape && choices.includes(shape);
    const name = own ? now.algorithm : algorithm;
    const cases = known(name)?.cases.includes(now.cases) === false ? known(name).cases[0] : now.cases;
    return { algorithm: name, cases, parameters: own ? { ...now.parameters, view: shape } : shape ? { view: shape } : {} };
  }

  async function load() {
    [rows, algorithms] = await Promise.all([
      api(`models/?log=${encodeURIComponent(view.log)}&page_size=500`).then(({ results }) => results),
      algorithms ?? api("algorithms/").then(({ results }) => results),
    ]);
    draw();
  }

  function show(id) {
    error = null;
    view.follow(id);
    address({ model: String(id) });
    draw();
  }

  /** Show the equal model there is, or a new one. Whoever may not make one is told. */
  async function want(model) {
    if (algorithms === null) await load();
    const there = rows.find((row) => same(row, model));
    if (there) return show(there.id);
    if (!may) throw new Error("There is no such model of this log, and you may only look at those there are.");
    const made = await api("models/", { log: view.log, ...model });
    rows = [...rows, made];
    show(made.id);
  }

  async function choose(place) {
    try {
      if (algorithms === null) await load();
      await want(meant(VIEWS[place]));
    } catch (refused) {
      error = refused.message;
      announce(error);
      draw();
    }
  }

  /** News of the row: why there is no picture yet, how long one takes. */
  async function look() {
    const row = wanted();
    const pause = waits() || view.shown === null ? LOOK_MS.waiting : row?.home === "work" || row?.error ? LOOK_MS.slow : Infinity;
    if (!row || document.hidden || Date.now() - lookedAt < pause) return state();
    lookedAt = Date.now();
    const fresh = await api(`models/${row.id}/`).catch(() => row);
    rows = rows.map((one) => (one.id === fresh.id ? fresh : one));
    draw();
  }

  function draw() {
    const now = wanted();
    render(
      html`${VIEWS.map((one, place) => {
        const model = algorithms && meant(one);
        const pressed = Boolean(now && model && same(now, model));
        const missing = algorithms && !may && !rows.some((row) => same(row, model));
        return html`<button key=${one.name} type="button" aria-pressed=${pressed} disabled=${missing} onClick=${() => choose(place)}
          title=${missing ? `${one.name}: there is no such model, and you may not make one` : `${one.name} (${place + 1})`}>${one.name}</button>`;
      })}`,
      quick,
    );
    if (algorithms) render(html`<${Models} ...${{ rows, now, known, show, may, want, algorithms }} />`, panel); // till then the server's list
    state();
  }

  function state() {
    const row = wanted();
    render(html`<${State} ...${{ row, error, shown: view.shown, waits: waits(), now: Date.now() + view.clock }} />`, words);
    view.part("map").classList.toggle("old", waits());
  }

  view.on("followed", () => {
    if (view.model === null) {
      error = "The model in the address is gone. This is the log's own.";
      view.wanted = null;
      address({ model: null });
    }
    if (algorithms) draw();
    else load().catch((refused) => {
      error = refused.message;
      draw();
    });
  });
  view.on("picture", state);
  view.on("second", () => rows.length && look());
  VIEWS.forEach((_, place) => action(`view-${place + 1}`, () => choose(place), String(place + 1)));
  action("models", (button) => {
    const open = view.page.classList.toggle("choosing");
    (button ?? view.page.querySelector('[data-action="models"]')).setAttribute("aria-expanded", open);
  }, "v");
  draw();
}

/** How fresh the picture is where that needs a word, what it leaves out, or why there is none. */
function State({ row, error, shown, waits, now }) {
  const failed = row?.error;
  const old = shown?.derived_at ? `${age(Math.max(0, (now - Date.parse(shown.derived_at)) / 1000))} ago` : "";
  const behind = shown && shown.derived_seq < shown.seq;
  const takes = row?.took_ms >= WORTH_MS ? `takes ${duration(row.took_ms / 1000)}` : "";
  return html`
    ${error ? html`<span class="warn"><i class="icon triangle-alert"></i>${error}</span>` : null}
    ${failed ? html`<span class="warn"><i class="icon triangle-alert"></i>${titleOf(row)}: ${failed}</span>` : null}
    ${waits && !failed ? html`<span class="pill waiting"><i class="icon hourglass"></i>${titleOf(row)} is being mined; until then the one before, as of ${old}</span>` : null}
    ${!waits && shown && (behind || (takes && row.home === "work"))
      ? html`<span title=${behind ? `${plural(shown.seq - shown.derived_seq, "event")} since` : ""}>as of ${old}${takes ? `, ${takes}` : ""}</span>`
      : null}
    ${waits ? null : (shown?.remarks ?? []).map((remark) => html`<span key=${remark} class="remark"><i class="icon info"></i>${remark}</span>`)}`;
}

const titleOf = (row) => (row ? [row.algorithm, row.parameters?.view].filter(Boolean).join(", ") : "The model");

/** What tells one model from another of the same algorithm. */
const differs = (row) =>
  [row.cases === "closed" ? "closed cases" : "", ...Object.entries(row.parameters).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`)].filter(Boolean).join(", ");

function Models({ rows, now, known, show, may, want, algorithms }) {
  const [Form, add] = useState(null); // loaded by those who want it
  return html`<section>
    <h2>Models</h2>
    <ul class="models">${rows.map(
      (row) => html`<li key=${row.id}><button type="button" aria-pressed=${row.id === now?.id} onClick=${() => show(row.id)} title=${known(row.algorithm)?.summary}>
        <span class="name">${row.algorithm}</span><span class="quiet">${differs(row) || "all cases"}</span>
        ${row.error ? html`<span class="warn"><i class="icon triangle-alert"></i>cannot be mined</span>` : null}
      </button></li>`,
    )}</ul>
    ${may
      ? Form
        ? html`<${Form} ...${{ algorithms, begin: now, want, close: () => add(null) }} />`
        : html`<button type="button" onClick=${() => import("./model-form.js").then((module) => add(() => module.Form))}><i class="icon plus"></i>Another model</button>`
      : html`<p class="quiet">You may look at these. To mine others, ask for the right to change this log.</p>`}
  </section>`;
}
