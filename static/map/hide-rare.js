// What the sliders leave out: the rarest activities and paths. Pure; the same rule as models_mining/mined_models/thinning.py.

/**
 * The keys to fade, and what that leaves out in words; `activities` and `paths` are shares (0 … 1) of what there is.
 * At least one activity stays, and each keeps the most frequent way to it and from it, so that nothing falls apart.
 */
export function thinned(drawing, activities, paths) {
  const boxes = [...drawing.nodes.values()].filter(({ kind, n }) => kind === "activity" && n !== undefined);
  const ways = [...drawing.edges.values()].filter(({ kind, n }) => (kind === "path" || kind === "loop") && n !== undefined);
  const kept = new Set(most(boxes, Math.max(1, part(activities, boxes.length))).map(({ key }) => key));
  const between = ways.filter(({ s, t }) => kept.has(s) && kept.has(t));
  const shown = new Set(most(between, part(paths, between.length)).map(({ key }) => key));
  for (const end of ["s", "t"]) {
    const first = new Map();
    for (const edge of most(between)) if (edge.s !== edge.t && !first.has(edge[end])) first.set(edge[end], edge.key);
    for (const key of first.values()) shown.add(key);
  }
  const faint = new Set([...boxes.filter(({ key }) => !kept.has(key)), ...ways.filter(({ key }) => !shown.has(key))].map(({ key }) => key));
  for (const { key, s, t } of drawing.edges.values()) if (faint.has(s) || faint.has(t)) faint.add(key);
  const sum = (list) => list.reduce((total, { n }) => total + n, 0);
  const tell = (keys, all, one, many) => `${keys.size} of ${all.length} ${one}, ${percent(sum(all.filter(({ key }) => keys.has(key))), sum(all))} of ${many}`;
  return { faint, boxes: tell(kept, boxes, "activities", "events"), ways: tell(shown, ways, "paths", "moves") };
}

const part = (share, number) => Math.ceil(+(share * number).toFixed(9));
const most = (list, count = list.length) => [...list].sort((a, b) => b.n - a.n || (a.key < b.key ? -1 : 1)).slice(0, count);

/** Rounded down, so that something left out is never "100 %". */
const percent = (some, all) => `${all ? Math.floor((100 * some) / all) : 100} %`;
