// The picture a client shows, and how messages change it. Pure: every function returns a new picture.

/** A picture from a snapshot: nodes by id, edges by "s>t". */
export function fromSnapshot(message) {
  const { epoch, version, seq, structure, at } = message;
  return {
    epoch, version, seq, structure, at,
    nodes: new Map(message.nodes.map((node) => [node.id, node])),
    edges: new Map(message.edges.map((edge) => [`${edge.s}>${edge.t}`, edge])),
  };
}

/** The picture after a delta, or null where it does not continue what is shown: then ask for a resync. */
export function applyDelta(picture, delta) {
  if (picture === null || delta.epoch !== picture.epoch) return null;
  if (delta.from > picture.version || delta.version <= picture.version) return null; // a gap, or old news
  const { epoch, version, seq, structure, at } = delta;
  const nodes = new Map(picture.nodes);
  const edges = new Map(picture.edges);
  for (const node of delta.nodes) nodes.set(node.id, node); // whole, with nothing that it no longer says
  for (const edge of delta.edges) edges.set(`${edge.s}>${edge.t}`, edge);
  for (const id of delta.removed.nodes) nodes.delete(id);
  for (const [s, t] of delta.removed.edges) edges.delete(`${s}>${t}`);
  for (const edge of edges.values()) if (!nodes.has(edge.s) || !nodes.has(edge.t)) return null;
  for (const node of nodes.values()) if (node.label === undefined) return null;
  return { epoch, version, seq, structure, at, nodes, edges };
}

export const START = "start";
export const END = "end";

/**
 * What is drawn of a picture: activities by label, so that a place on the map outlives a renumbering, with a start
 * and an end. A drawn end is a closed case: `ends` − `open`; the open ones are shown on the node, as "now here".
 */
export function drawing(picture) {
  const nodes = new Map();
  const edges = new Map();
  const key = new Map();
  const add = (edge) => edges.set(edge.key, edge);
  let starts = 0;
  let ends = 0;
  let open = 0;
  for (const node of picture.nodes.values()) {
    key.set(node.id, `a:${node.label}`);
    nodes.set(`a:${node.label}`, { ...node, key: `a:${node.label}`, kind: "activity" });
  }
  for (const edge of picture.edges.values()) {
    const [s, t] = [key.get(edge.s), key.get(edge.t)];
    add({ ...edge, key: edgeKey(s, t), s, t, kind: s === t ? "loop" : "path" });
  }
  for (const node of picture.nodes.values()) {
    const t = key.get(node.id);
    const closed = node.ends - node.open;
    starts += node.starts;
    ends += closed;
    open += node.open;
    if (node.starts) add({ key: edgeKey(START, t), s: START, t, n: node.starts, kind: "start" });
    if (closed > 0) add({ key: edgeKey(t, END), s: t, t: END, n: closed, kind: "end" });
  }
  if (starts) nodes.set(START, { key: START, kind: START, label: "Start", n: starts, open: 0 });
  if (ends > 0) nodes.set(END, { key: END, kind: END, label: "End", n: ends, open: 0 });
  return { nodes, edges, key, events: picture.seq, starts, ends, open };
}

export const edgeKey = (s, t) => `${s}\u0000${t}`;
