// A form made from the registry: algorithm, its parameters with their ranges, defaults and meaning, which cases.
import { html, useState } from "../vendor/preact/standalone.module.js";

const CASES = { all: "All cases", closed: "Closed cases only" };
const worded = (name) => name.replaceAll("_", " ");

/** `want(model)` shows the model or raises what the server says; `begin` is a model to begin with. */
export function Form({ algorithms, begin, want, close }) {
  const [name, setName] = useState(begin?.algorithm ?? "dfg");
  const [given, setGiven] = useState(begin?.parameters ?? {});
  const [cases, setCases] = useState(begin?.cases ?? "all");
  const [errors, setErrors] = useState({});
  const [busy, setBusy] = useState(false);
  if (!algorithms) return html`<p class="quiet">Asking which algorithms there are.</p>`;
  const algorithm = algorithms.find((one) => one.name === name);
  const sets = algorithm.cases;

  function choose(next) {
    setName(next);
    setGiven({});
    setErrors({});
    const may = algorithms.find((one) => one.name === next).cases;
    if (!may.includes(cases)) setCases(may[0]);
  }

  async function send(event) {
    event.preventDefault();
    const wrong = Object.fromEntries(algorithm.parameters.map((one) => [one.name, mistake(one, given[one.name])]).filter(([, words]) => words));
    setErrors(wrong);
    if (Object.keys(wrong).length) return;
    setBusy(true);
    try {
      await want({ algorithm: name, cases, parameters: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")) });
      close();
    } catch (refused) {
      setErrors(atFields(refused, algorithm));
      setBusy(false);
    }
  }

  return html`<form class="model-form" onSubmit=${send} noValidate>
    <label>Algorithm<select value=${name} onChange=${(event) => choose(event.target.value)}>
      ${algorithms.map((one) => html`<option key=${one.name} value=${one.name}>${one.name}</option>`)}</select></label>
    <p class="quiet">${algorithm.summary}${algorithm.cost === "slow" ? " It is mined beside the stream, and is a little older than the rest." : ""}${
      algorithm.package === "procmine" ? "" : ` From the package ${algorithm.package}.`}</p>
    ${algorithm.parameters.map((one) => html`<${Field} key=${name + one.name} parameter=${one} value=${given[one.name]} error=${errors[one.name]}
      set=${(value) => setGiven({ ...given, [one.name]: value })} />`)}
    <fieldset><legend>Which cases</legend>${["all", "closed"].map(
      (one) => html`<label key=${one} class="inline"><input type="radio" name="cases" value=${one} checked=${cases === one} disabled=${!sets.includes(one)}
        onChange=${() => setCases(one)} />${CASES[one]}</label>`,
    )}${sets.length < 2 ? html`<p class="quiet">${algorithm.name} can count ${CASES[sets[0]].toLowerCase()} only.</p>` : null}</fieldset>
    ${errors[""] ? html`<p class="problem" role="alert">${errors[""]}</p>` : null}
    <div class="actions"><button class="main" disabled=${busy}>Show it</button><button type="button" onClick=${close}>Cancel</button></div>
  </form>`;
}

function Field({ parameter, value, error, set }) {
  const { name, type, default: usual, minimum, maximum, choices, meaning } = parameter;
  const id = `parameter-${name}`;
  const about = { id, "aria-describedby": `${id}-about`, "aria-invalid": Boolean(error) };
  const now = value ?? usual;
  const range = [minimum !== null && `from ${minimum}`, maximum !== null && `up to ${maximum}`].filter(Boolean).join(" ");
  const input = choices
    ? html`<select ...${about} value=${now} onChange=${(event) => set(choices.find((one) => String(one) === event.target.value))}>${choices.map(
        (one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>`
    : type === "bool"
      ? html`<input type="checkbox" ...${about} checked=${now} onChange=${(event) => set(event.target.checked)} />`
      : html`<input ...${about} type=${type === "str" ? "text" : "number"} min=${minimum} max=${maximum} step=${type === "int" ? 1 : "any"} value=${value ?? ""}
          placeholder=${String(usual)} onInput=${(event) => set(type === "str" || event.target.value === "" ? event.target.value : Number(event.target.value))} />`;
  return html`<div class="field ${type === "bool" ? "inline" : ""}">
    <label for=${id}>${worded(name)}</label>${input}
    <p class="quiet" id="${id}-about">${meaning}${range ? `; ${range}` : ""}${choices || type === "bool" ? "" : `; ${usual} unless you say otherwise`}.</p>
    ${error ? html`<p class="problem" role="alert">${error}</p>` : null}
  </div>`;
}

/** What is wrong with a value, in words; "" where nothing is. The server checks again. */
function mistake({ type, minimum, maximum }, value) {
  if (value === undefined || value === "" || type === "bool" || type === "str") return "";
  if (Number.isNaN(value)) return "A number, please.";
  if (type === "int" && !Number.isInteger(value)) return "A whole number, please.";
  if (minimum !== null && value < minimum) return `At least ${minimum}.`;
  if (maximum !== null && value > maximum) return `At most ${maximum}.`;
  return "";
}

/** The server's sentences at their fields ("" for the form as a whole): it names a parameter before its colon. */
function atFields(refused, { parameters }) {
  const found = {};
  for (const { pointer = "", detail } of refused.problem?.errors ?? [{ detail: refused.message }]) {
    const [, name, words] = /^(\w+): (.*)$/s.exec(detail) ?? [];
    const own = pointer === "/parameters" && parameters.some((one) => one.name === name);
    const place = own ? name : "";
    found[place] = [found[place], own ? words : detail].filter(Boolean).join(" ");
  }
  return found;
}
