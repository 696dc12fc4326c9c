// The picture a client shows, and how messages change it. Pure: every function returns a new picture.
import { END, flowOf, kindOf, roleOf, said, saysOf, START } from "../map/kinds.js";

export { END, START };

const told = ({ epoch, version, seq, structure, at, kind, remarks, derived_seq, derived_at }) =>
  ({ epoch, version, seq, structure, at, kind, remarks, derived_seq, derived_at });

/** A picture from a snapshot: nodes by id, edges by "s>t". */
export function fromSnapshot(message) {
  return {
    ...told(message),
    nodes: new Map(message.nodes.map((node) => [node.id, node])),
    edges: new Map(message.edges.map((edge) => [`${edge.s}>${edge.t}`, edge])),
  };
}

/** The picture after a delta, or null where it does not continue what is shown: then ask for a resync. */
export function applyDelta(picture, delta) {
  if (picture === null || delta.epoch !== picture.epoch) return null;
  if (delta.from > picture.version || delta.version <= picture.version) return null; // a gap, or old news
  const nodes = new Map(picture.nodes);
  const edges = new Map(picture.edges);
  for (const node of delta.nodes) nodes.set(node.id, node); // whole, with nothing that it no longer says
  for (const edge of delta.edges) edges.set(`${edge.s}>${edge.t}`, edge);
  for (const id of delta.removed.nodes) nodes.delete(id);
  for (const [s, t] of delta.removed.edges) edges.delete(`${s}>${t}`);
  for (const edge of edges.values()) if (!nodes.has(edge.s) || !nodes.has(edge.t)) return null;
  for (const node of nodes.values()) if (node.label === undefined) return null;
  return { ...told(delta), nodes, edges };
}

/**
 * What is drawn of a picture, whatever its kind (kinds.js): {model, nodes, edges, key, kind, flow, remarks, events, …};
 * `model` is its number, where the picture has it (connection.js).
 *
 * What stands for an activity has a key made of its label, so that its place and what is chosen outlive a renumbering
 * and another view; where several do, and elsewhere, the picture's own key. A graph gets a start and an end: a drawn
 * end is a closed case, `ends` − `open`; the open ones are shown on the node, as "now here".
 */
export function drawing(picture) {
  const { kind, seq, remarks = [], derived_at, derived_seq } = picture;
  const graph = (kind ?? "graph") === "graph";
  const nodes = new Map();
  const edges = new Map();
  const key = new Map();
  const total = { starts: 0, ends: 0, open: 0, maybe: 0 };
  const labels = new Map();
  for (const { label } of picture.nodes.values()) labels.set(label, (labels.get(label) ?? 0) + 1);
  for (const node of picture.nodes.values()) {
    const what = kindOf(kind, node);
    const alone = what === "activity" && labels.get(node.label) === 1;
    const own = what === START || what === END ? what : graph || alone ? `a:${node.label}` : `k:${node.key}`;
    key.set(node.id, own);
    const label = node.label || (what === "state" ? "nothing yet" : "");
    nodes.set(own, { ...node, label, key: own, kind: what, picture: kind, role: roleOf(what, node), says: saysOf(node) });
    total.open += node.open ?? 0;
    total.maybe = Math.max(total.maybe, node.maybe ?? 0);
  }
  for (const edge of picture.edges.values()) {
    const [s, t] = [key.get(edge.s), key.get(edge.t)];
    if (kind === "powl" && edge.type === "child") nodes.get(t).parent = s;
    else add(edges, nodes, { ...edge, s, t, kind: kindOfEdge(kind, edge), weighted: kind === "petri-net" });
    total.open += edge.open ?? 0;
  }
  if (kind === "powl") again(picture, nodes, edges, key);
  if (graph) ends(nodes, edges, total);
  shares(edges);
  return { model: picture.model, nodes, edges, key, kind: kind ?? "graph", flow: flowOf(kind), remarks, derived_at, derived_seq, seq, events: picture.events ?? seq, ...total };
}

function kindOfEdge(kind, edge) {
  if (kind === "process-tree") return "child";
  if (edge.relation === "∥") return "both";
  if (against(edge)) return "against";
  if (kind === "petri-net" || kind === "bpmn" || kind === "powl") return "arc";
  return edge.s === edge.t ? "loop" : "path";
}

/** Whether all that is said forbids: drawn faintly, for in most logs nearly everything is forbidden somewhere. */
const against = ({ constraints, relations }) =>
  constraints?.every(({ template }) => template.startsWith("non")) || relations?.every((name) => name === "never_together") || false;

function add(edges, nodes, edge) {
  const key = edgeKey(edge.s, edge.t);
  edges.set(key, { ...edge, key, ...said(edge, nodes.get(edge.s).label, nodes.get(edge.t).label) });
}

/** In a loop of a partially ordered model: from what is done to what leads back to it, and back. */
function again(picture, nodes, edges, key) {
  const first = new Map();
  const children = [...picture.edges.values()].filter(({ type, place }) => type === "child" && place !== undefined);
  for (const { s, t, place } of children) if (place === 0) first.set(s, key.get(t));
  for (const { s, t, place } of children) {
    if (place === 0) continue;
    add(edges, nodes, { s: first.get(s), t: key.get(t), kind: "arc" });
    add(edges, nodes, { s: key.get(t), t: first.get(s), kind: "arc" });
  }
}

function ends(nodes, edges, total) {
  const of = (node, what) => (node[what] === true ? undefined : node[what]);
  for (const node of [...nodes.values()]) {
    const closed = typeof node.ends === "number" ? node.ends - (node.open ?? 0) : (node.end ?? 0);
    const starts = node.starts ?? node.start;
    if (starts) edges.set(edgeKey(START, node.key), { key: edgeKey(START, node.key), s: START, t: node.key, n: of({ starts }, "starts"), kind: START });
    if (closed === true || closed > 0) edges.set(edgeKey(node.key, END), { key: edgeKey(node.key, END), s: node.key, t: END, n: of({ closed }, "closed"), kind: END });
    if (typeof starts === "number") total.starts += starts;
    if (typeof closed === "number") total.ends += closed;
  }
  const some = (kind) => [...edges.values()].some((edge) => edge.kind === kind);
  if (some(START)) nodes.set(START, { key: START, kind: START, label: "Start", n: total.starts, open: 0 });
  if (some(END)) nodes.set(END, { key: END, kind: END, label: "End", n: total.ends, open: 0 });
}

/** Of what leaves a node, the part that goes this way. */
function shares(edges) {
  const leaving = new Map();
  for (const { s, n } of edges.values()) if (n !== undefined) leaving.set(s, (leaving.get(s) ?? 0) + n);
  for (const edge of edges.values()) if (edge.n !== undefined && edge.kind !== START && !edge.weighted) edge.share = edge.n / leaving.get(edge.s);
}

export const edgeKey = (s, t) => `${s}\u0000${t}`;
