// One case followed over the map: found by its id, its way lit, what deviates marked; it goes on as its events come.
import { api } from "../shared/api.js";
import { address, asked } from "../shared/address.js";
import { announce } from "../shared/announce.js";
import { find } from "./find.js";
import { edgeKey, END, START } from "../socket/store.js";

const AGAIN_MS = 1000; // at most so often its news are asked for

const path = (view, kind, name) => `logs/${view.log}/${kind}/${encodeURIComponent(name)}/`;

/** The way of a case over the map: what it passed, where it is, what deviates. Keys as in store.js. */
export function trailOf({ trace, state }, judged) {
  const keys = trace.map(({ activity }) => `a:${activity}`);
  const wrong = new Set();
  for (const { at } of judged?.deviations ?? []) {
    if (keys[at] === undefined) continue;
    wrong.add(keys[at]);
    wrong.add(edgeKey(keys[at - 1] ?? START, keys[at]));
  }
  for (const { activity } of (judged?.breaches ?? []).filter(({ pending }) => !pending)) wrong.add(`a:${activity}`);
  const way = [START, ...keys, ...(state === "closed" ? [END] : [])];
  const lit = new Set(way);
  for (let i = 1; i < way.length; i++) lit.add(edgeKey(way[i - 1], way[i]));
  return { lit, wrong, here: state === "open" ? keys.at(-1) : undefined };
}

/**
 * `view.case` is {name, detail, judged}, or {name, error}, or null; "case" is told when it changes. From now on there
 * are `view.followCase(name)` and `view.leaveCase()`.
 */
export function follow(view) {
  let askedAt = 0;
  let late = null;
  Object.assign(view, { case: null, followCase: begin, leaveCase: end });

  function tell(found) {
    view.case = found;
    view.map.attention.follow(found?.detail ? { case: found.name, ...trailOf(found.detail, found.judged) } : null);
    view.tell("case");
  }

  async function begin(name) {
    view.pin(null);
    address({ case: name });
    tell({ name });
    await look(name, true);
    if (view.case?.detail) announce(`Following the case ${name}.`);
  }

  function end() {
    if (view.case === null) return;
    clearTimeout(late);
    late = null;
    address({ case: null });
    tell(null);
  }

  async function look(name, first = false) {
    askedAt = performance.now();
    let found;
    try {
      const detail = await api(path(view, "cases", name));
      const judged = detail.deviations === null ? null : await api(path(view, "conformance/cases", name)); // null: by no reference
      found = { name, detail, judged };
    } catch (refused) {
      found = { ...view.case, name, error: refused.message };
    }
    if (view.case?.name !== name) return; // another one meanwhile, or none
    const before = view.case.detail?.position.activity;
    tell(found);
    const now = found.detail?.position.activity;
    if (first || (before !== now && !view.map.holds())) view.map.centre(`a:${now}`);
  }

  /** It has moved, or may have: soon, but not with every message. */
  function again() {
    late ??= setTimeout(() => {
      late = null;
      if (view.case) look(view.case.name);
    }, Math.max(0, askedAt + AGAIN_MS - performance.now()));
  }

  view.on("picture", (drawing, delta) => {
    if (!view.case) return;
    if (!delta || delta.moves_omitted || delta.moves?.some(([name]) => name === view.case.name)) again();
  });
  find(view, begin);
  const given = asked("case");
  if (given) begin(given);
}
