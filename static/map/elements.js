// The marks that are on the map now: made, changed and taken away as a drawing and its layout want it.
import { EdgeMark, make, NodeMark, sizeOf } from "./shapes.js";
import { greatest, labelOf, sentence, strength } from "./overlay.js";

const NEW_MS = 60_000;

export class Drawn {
  nodes = new Map();
  edges = new Map();
  #trail = null;
  #lit = null;
  #chosen = null;
  #alarms = new Map();

  constructor(world) {
    const layer = (name) => make("g", { class: name }, world);
    [this.lines, this.labels, this.boxes] = [layer("lines"), layer("labels"), layer("boxes")];
  }

  get all() {
    return [...this.nodes.values(), ...this.edges.values()];
  }

  /** `fresh`: what has no mark yet was never seen before; `still`: marks stay where they are. */
  paint({ nodes, edges }, layout, { overlay, faint, fresh = false, still = false }) {
    const most = Math.max(1, ...[...nodes.values()].filter(({ kind }) => kind !== "start" && kind !== "end").map(({ n }) => n ?? 0));
    const most_n = greatest(edges.values(), overlay);
    const sync = (marks, wanted, places, create, update) => {
      for (const [key, mark] of marks) {
        if (wanted.has(key) && places[key]) continue;
        mark.remove();
        marks.delete(key);
      }
      for (const [key, item] of wanted) {
        if (!places[key]) continue;
        if (!marks.has(key)) {
          marks.set(key, create(item));
          made = true;
        }
        const mark = marks.get(key);
        update(mark, item);
        mark.fade(faint.has(key));
        if (still || mark.place === places[key]) continue;
        mark.place = places[key];
        mark.move(places[key]);
      }
    };
    let made = false;
    sync(this.nodes, nodes, layout.nodes, (node) => this.#newNode(node, fresh), (mark, node) => mark.update(node, most));
    sync(this.edges, edges, layout.edges, (edge) => this.#newEdge(edge, fresh), (mark, edge) =>
      mark.update(edge, strength(edge, overlay, most_n), labelOf(edge, overlay)));
    if (made) this.#again();
    if (!this.boxes.querySelector('[tabindex="0"]')) this.boxes.querySelector("[tabindex]")?.setAttribute("tabindex", "0");
  }

  /** What is lit, chosen and followed shows on new marks, too. */
  #again() {
    if (this.#lit) this.light(this.#lit);
    if (this.#chosen !== null) this.choose(this.#chosen);
    if (this.#trail) this.follow(this.#trail);
    this.alarm(this.#alarms);
  }

  /** Matches of rules at activities: key → {n, severity}. */
  alarm(places) {
    this.#alarms = places;
    for (const [key, mark] of this.nodes) mark.alarm(places.get(key));
  }

  clear() {
    for (const mark of this.all) mark.remove();
    this.nodes.clear();
    this.edges.clear();
  }

  #newNode(node, fresh) {
    const mark = new NodeMark(node, this.boxes);
    const { w, h } = sizeOf(node);
    if (fresh && node.kind === "activity") badge(mark.group, 24 - w / 2, -h / 2);
    return mark;
  }

  #newEdge(edge, fresh) {
    const mark = new EdgeMark(edge, this.lines, this.labels);
    if (fresh && edge.kind !== "start" && edge.kind !== "end") badge(mark.label, 0, -16);
    return mark;
  }

  /** Have all there is to say written where the pointer reads it: for one mark, or for all in a file. */
  tell(...keys) {
    const name = (key) => this.nodes.get(key)?.node.label;
    for (const key of keys) {
      this.nodes.get(key)?.tell();
      const path = this.edges.get(key);
      path?.tell(sentence(path.edge, name(path.edge.s), name(path.edge.t)));
    }
  }

  /** An activity with its paths and neighbours, a path with its ends; null where there is neither. */
  around(key) {
    if (!this.nodes.has(key) && !this.edges.has(key)) return null;
    const lit = new Set([key]);
    for (const { edge } of this.edges.values()) {
      if (edge.key === key || edge.s === key || edge.t === key) for (const one of [edge.key, edge.s, edge.t]) lit.add(one);
    }
    return lit;
  }

  /** These stay as they are, the rest is dimmed; null: nothing is. */
  light(lit) {
    this.#lit = lit;
    for (const mark of this.all) {
      const is = lit !== null && lit.has(mark.key);
      mark.group.classList.toggle("lit", is);
      mark.label?.classList.toggle("lit", is);
    }
  }

  choose(key) {
    this.#chosen = key;
    for (const mark of this.all) mark.choose(mark.key === key);
  }

  /** The way of a case ({lit, wrong, here}, see follow.js): what deviates is red, dashed and has a sign. */
  follow(trail) {
    this.#trail = trail;
    for (const mark of this.all) {
      const { group, label } = mark;
      const wrong = trail?.wrong.has(mark.key) ?? false;
      for (const one of label ? [group, label] : [group]) {
        one.classList.toggle("trail", trail?.lit.has(mark.key) ?? false);
        one.classList.toggle("wrong", wrong);
      }
      group.classList.toggle("here-now", trail?.here === mark.key);
      const sign = (label ?? group).querySelector(".sign-wrong");
      if (wrong && !sign) warning(label ?? group, label ? [-30, 0] : corner(mark));
      else if (!wrong) sign?.remove();
    }
  }

  /** Between two layouts: `part` of the way from `old` to `next`. */
  glide(old, next, part) {
    const mix = (a, b) => a + part * (b - a);
    for (const [key, mark] of this.nodes) {
      const [a, b] = [old.nodes[key], next.nodes[key]];
      if (a && b) mark.move({ ...b, x: mix(a.x, b.x), y: mix(a.y, b.y) });
    }
    for (const [key, mark] of this.edges) {
      const [a, b] = [old.edges[key], next.edges[key]];
      if (!a || !b) continue;
      const points = a.samples.map((value, i) => mix(value, b.samples[i]).toFixed(1));
      mark.glide(`M${points.join(" ")}`, { x: mix(a.label.x, b.label.x), y: mix(a.label.y, b.label.y) });
    }
    for (const mark of this.all) mark.place = null;
  }
}

/** "new", for a minute. */
function badge(group, x, y) {
  const made = make("g", { class: "new", transform: `translate(${x} ${y})` }, group);
  make("rect", { x: -17, y: -8, width: 34, height: 16, rx: 8 }, made);
  make("text", { y: 4 }, made).textContent = "new";
  setTimeout(() => made.remove(), NEW_MS);
}

const corner = ({ place }) => [-(place?.w ?? 0) / 2, -(place?.h ?? 0) / 2];

function warning(group, [x, y]) {
  const made = make("g", { class: "sign-wrong", transform: `translate(${x} ${y})` }, group);
  make("title", {}, made).textContent = "Deviates from the reference model";
  make("path", { d: "M0 -10L10 8H-10Z" }, made);
  make("text", { y: 6 }, made).textContent = "!";
}
