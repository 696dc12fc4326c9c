// The form of the filters.
import { html } from "../vendor/preact/standalone.module.js";
import { UNITS } from "../shared/format.js";
import { fromField, iso, parsed, toField } from "../shared/moments.js";

/** Seconds as a number of the largest unit that it is whole in. */
function inUnits(seconds) {
  const s = Number(seconds);
  if (!seconds || !(s >= 0)) return ["", "min"];
  const [size, unit] = UNITS.find(([size]) => s >= size && s % size === 0) ?? UNITS.at(-1);
  return [s / size, unit];
}

const Lasts = ({ name, label, seconds }) => {
  const [value, unit] = inUnits(seconds);
  return html`<div class="field"><label for=${`filter-${name}`}>${label}</label><span class="pair">
    <input id=${`filter-${name}`} name=${name} type="number" min="0" max="1000000" step="any" value=${value} />
    <select name=${`${name}_unit`} aria-label=${`${label}, unit`} value=${unit}>${[...UNITS].reverse().map(([, unit, word]) => html`<option value=${unit}>${word}</option>`)}</select>
  </span></div>`;
};

const Choice = ({ name, label, value, options }) => html`<label class="field">${label}<select name=${name} value=${value ?? ""}>
  ${options.map(([option, word]) => html`<option value=${option}>${word}</option>`)}
</select></label>`;

/** `apply(chosen)`: the filters as the API names them. What the form has no field for stays as it is. */
export function FilterForm({ chosen, activities, apply, close }) {
  const known = (value) => (value && !activities.includes(value) ? [value, ...activities] : activities);
  const places = (value) => [["", "any"], ...known(value).map((label) => [label, label])];
  const attribute = Object.keys(chosen).find((name) => name.includes("attribute."));

  function submit(event) {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    const next = { ...chosen };
    const set = (name, value) => (value ? (next[name] = String(value)) : delete next[name]);
    for (const name of ["passes", "activity", "state"]) set(name, given[name]);
    for (const name of ["duration_min_s", "duration_max_s"]) {
      const size = UNITS.find(([, unit]) => unit === given[`${name}_unit`])[0];
      set(name, given[name] === "" ? "" : Number(given[name]) * size);
    }
    for (const name of ["last_after", "started_before"]) {
      const ms = fromField(given[name]);
      set(name, ms === null ? "" : iso(ms));
    }
    if (next.last_after || next.started_before) delete next.within_s;
    if (attribute) delete next[attribute];
    const name = given.attribute.trim();
    if (name) next[`${given.of}.${name}`] = given.value;
    apply(next);
  }

  return html`<form class="form filter-form" onSubmit=${submit}>
    <h2 id="filter-title">Which cases?</h2>
    <p class="quiet">The map then shows these cases whole, from their first event to their last. Times are when events happened.</p>
    <div class="two">
      <${Choice} name="passes" label="With the activity" value=${chosen.passes} options=${places(chosen.passes)} />
      <${Choice} name="activity" label="Standing at" value=${chosen.activity} options=${places(chosen.activity)} />
      <${Choice} name="state" label="State" value=${chosen.state} options=${[["", "open and closed"], ["open", "open"], ["closed", "closed"]]} />
      <span></span>
      <${Lasts} name="duration_min_s" label="Took at least" seconds=${chosen.duration_min_s} />
      <${Lasts} name="duration_max_s" label="Took at most" seconds=${chosen.duration_max_s} />
      <label class="field">Under way after<input name="last_after" type="datetime-local" step="1" value=${toField(parsed(chosen.last_after))} /></label>
      <label class="field">Under way before<input name="started_before" type="datetime-local" step="1" value=${toField(parsed(chosen.started_before))} /></label>
    </div>
    <fieldset><legend>With an attribute</legend><div class="three">
      <${Choice} name="of" label="Of" value=${attribute?.startsWith("event_") ? "event_attribute" : "attribute"} options=${[["attribute", "the case"], ["event_attribute", "one of its events"]]} />
      <label class="field">Name<input name="attribute" maxlength="100" value=${attribute?.replace(/^(event_)?attribute\./, "") ?? ""} /></label>
      <label class="field">Value<input name="value" maxlength="255" value=${attribute ? chosen[attribute] : ""} /></label>
    </div></fieldset>
    <p class="actions"><button class="main">Show these cases</button><button type="button" onClick=${close}>Cancel</button></p>
  </form>`;
}
