// Filters of cases by the names that the API gives them, and in words. Pure.
import { duration } from "../shared/format.js";
import { brief, parsed } from "../shared/moments.js";

export const PREFIXES = ["attribute.", "event_attribute."];
export const NAMES = [
  "passes", "activity", "variant", "state", "duration_min_s", "duration_max_s", "within_s", "last_after", "started_before",
  "started_after", "last_before", "events_min", "events_max", "deviations_min", "search", // "case" is the one that is followed (follow.js)
];
const WINDOW = ["within_s", "last_after", "started_before"];

/** Cases under way in the window: their last event is after its beginning, their first before its end. */
export const WINDOWS = {
  all: { word: "All time", query: {}, names: WINDOW },
  hour: { word: "Last hour", query: { within_s: "3600" }, names: WINDOW },
  day: { word: "Last day", query: { within_s: "86400" }, names: WINDOW },
  custom: { word: "Other time …", query: {}, names: WINDOW },
};

export function windowOf(chosen) {
  if (chosen.last_after || chosen.started_before) return "custom";
  if (!chosen.within_s) return "all";
  return Object.keys(WINDOWS).find((name) => WINDOWS[name].query.within_s === chosen.within_s) ?? "custom";
}

export const queryOf = (chosen) => new URLSearchParams(chosen).toString();

const quoted = (text) => `“${text}”`;
const time = (text) => (parsed(text) === null ? text : brief(parsed(text)));
const lasts = (text) => (Number(text) >= 0 && text !== "" ? duration(Number(text)) : text);
const SAID = {
  passes: (value) => `passes ${quoted(value)}`,
  activity: (value) => `stands at ${quoted(value)}`,
  variant: (value) => (value.includes(",") ? `${value.split(",").length} variants` : `variant ${value.slice(0, 6)}`),
  state: (value) => ({ open: "open cases", closed: "closed cases" })[value] ?? value,
  events_min: (value) => `${value} events or more`,
  events_max: (value) => `${value} events or fewer`,
  deviations_min: (value) => `${value} deviations or more`,
  search: (value) => `name has ${quoted(value)}`,
  started_after: (value) => `began after ${time(value)}`,
  last_before: (value) => `no event since ${time(value)}`,
};

/** [{names, text}]: one chip for what belongs together. The window of the selection box has none. */
export function chipsOf(chosen) {
  const chips = [];
  const add = (names, text) => chips.push({ names, text });
  const { last_after: since, started_before: until, within_s: within, duration_min_s: least, duration_max_s: most } = chosen;
  if (since && until) add(WINDOW, `under way ${time(since)} to ${time(until)}`);
  else if (since) add(WINDOW, `under way after ${time(since)}`);
  else if (until) add(WINDOW, `under way before ${time(until)}`);
  if (within) add(["within_s"], `with news in the last ${within === "3600" ? "hour" : within === "86400" ? "day" : lasts(within)}`);
  if (least && most) add(["duration_min_s", "duration_max_s"], `took ${lasts(least)} to ${lasts(most)}`);
  else if (least) add(["duration_min_s"], `took ${lasts(least)} or longer`);
  else if (most) add(["duration_max_s"], `took ${lasts(most)} or less`);
  for (const [name, value] of Object.entries(chosen)) {
    if (SAID[name]) add([name], SAID[name](value));
    else if (name.startsWith("attribute.")) add([name], `${name.slice(10)} = ${value}`);
    else if (name.startsWith("event_attribute.")) add([name], `an event with ${name.slice(16)} = ${value}`);
  }
  return chips;
}
