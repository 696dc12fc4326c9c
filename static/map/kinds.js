// What the parts of each kind of picture are: how they are drawn, how large, and what they say of themselves.
// `kind` of a node: activity (whatever stands for one: a box of a graph, transition, task, leaf), start, end, place,
// silent, gateway, operator, frame, state. `kind` of an edge: path, loop, start, end, arc, child, both.

export const START = "start";
export const END = "end";

const KINDS = { place: "place", transition: "activity", task: "activity", leaf: "activity", silent: "silent", start: START, end: END, state: "state" };
const OTHERS = { bpmn: "gateway", "process-tree": "operator", powl: "frame" };

export const kindOf = (picture, { type }) => (type === undefined ? "activity" : (KINDS[type] ?? OTHERS[picture] ?? "activity"));

export const NAMES = {
  graph: "Graph", "petri-net": "Petri net", "process-tree": "Process tree", bpmn: "BPMN", powl: "Partial orders", states: "States",
};

const FLOWS = { powl: "nested", "process-tree": "tree" };

/** Nets and diagrams are read from left to right, all else from the top. */
export const flowOf = (picture) => (picture === "petri-net" || picture === "bpmn" ? "right" : FLOWS[picture] ?? "down");

const SIGNS = { xor: "×", and: "+", or: "○", sequence: "→", parallel: "∧", loop: "↺", interleaving: "↔", "partial-order": "≺" };
export const signOf = (picture, { type }) => (picture === "process-tree" && type === "or" ? "∨" : (SIGNS[type] ?? ""));

const WORDS = {
  gateway: { xor: "Exactly one way", and: "All ways, at the same time", or: "One way or several" },
  operator: {
    sequence: "Sequence: one after the other", xor: "Choice: exactly one of them", parallel: "Parallel: all, in any order or at once",
    loop: "Loop: the first, again after each of the others", or: "One of them or several", interleaving: "All, in any order, one at a time",
  },
  frame: { xor: "Choice: exactly one of them", loop: "Loop: done, and again after what leads back", "partial-order": "All of them; what an arrow leads to waits" },
  silent: { silent: "Silent step: leaves no event" },
  place: { place: "Place" },
};

/** What a node is, in words. */
export const roleOf = (kind, { type, label, initial, final }) =>
  kind === "place" ? `Place ${label}${initial ? ", where cases begin" : ""}${final ? ", where cases end" : ""}` : (WORDS[kind]?.[type] ?? (label || type));

const RELATIONS = {
  always_after: ["⇒ later", "is always followed by"], always_before: ["⇐ before", "always has before it"], directly_follows: ["→ next", "is directly followed by"],
  equivalence: ["=", "occurs as often as"], never_together: ["≠", "never occurs together with"],
};
const STRONGEST = ["succession", "response", "precedence", "coexistence", "responded_existence"];

/** What an edge says without numbers: `said`, short, for its label, and `says`, sentences. */
export function said(edge, from, to) {
  if (edge.relation !== undefined) return { said: edge.relation, says: [edge.relation === "→" ? `${from} comes before ${to}, never after` : `${from} and ${to} in either order`] };
  if (edge.constraints) {
    const rank = ({ template }) => (template.startsWith("non") ? 99 : STRONGEST.findIndex((name) => template.endsWith(name)) + 1 || 9);
    const [first, ...rest] = [...edge.constraints].sort((a, b) => rank(a) - rank(b) || b.template.length - a.template.length);
    return {
      said: first ? `${first.template.replaceAll("_", " ")}${rest.length ? ` +${rest.length}` : ""}` : "",
      says: edge.constraints.map(({ template, support, confidence }) => `${template.replaceAll("_", " ")}: kept by ${confidence} of ${support} cases`),
    };
  }
  if (edge.relations) {
    return {
      said: edge.relations.map((name) => RELATIONS[name]?.[0] ?? name).join(" "),
      says: edge.relations.map((name) => `${from} ${RELATIONS[name]?.[1] ?? name} ${to}`),
    };
  }
  if (edge.label) return { said: edge.label, says: [] };
  if (edge.n > 1 && edge.weighted) return { said: String(edge.n), says: [`${edge.n} tokens at once`] };
  return { said: "", says: [] };
}

/** What a node of a rule graph says of itself, sentences. */
export function saysOf(node) {
  if (node.constraints) return node.constraints.map(({ template, support, confidence }) => `${template.replaceAll("_", " ")}: kept by ${confidence} of ${support} cases`);
  if (node.relations) return [`A case has it ${node.relations.join(" or ")} times.`];
  if (node.distance !== undefined) return [`Comes again after ${node.distance} other events at the nearest.`];
  return [];
}
