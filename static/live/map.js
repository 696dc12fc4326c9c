// The process map: boxes that keep their places, edges, and what hovers, pins and zooms them.
import { Dots } from "./dots.js";
import { layOut } from "./layout.js";
import { EdgeMark, make, NodeMark, sizeOf } from "./marks.js";
import { greatest, labelOf, OVERLAYS, sentence, strength } from "./overlay.js";
import { edgeKey, START } from "./store.js";
import { neighbour } from "./walk.js";

const { select, zoom, zoomIdentity } = window.d3;
const GLIDE_MS = 400;
const MOST_DOTS = 200; // more moves in one message: edges glow instead
const TIDY_EVERY_MS = 30_000;
const UNTOUCHED_MS = 5_000;
const NEW_MS = 60_000;
const LEGIBLE = 0.45; // scale
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class ProcessMap {
  #nodes = new Map();
  #edges = new Map();
  #layout = null;
  #busy = false;
  #drawing = null;
  #overlay = "n";
  #pinned = null;
  #hovered = null;
  #glide = null;
  #view = zoomIdentity;
  #moved = false; // by the person, since the last fit
  #touchedAt = 0;
  #tidiedAt = 0;

  /** `root` gets the map; `pinned(key or null)` is called when a person chooses an activity or an edge. */
  constructor(root, { pinned }) {
    this.root = root;
    this.pinned = pinned;
    this.held = false; // never tidy by itself
    this.svg = make("svg", { class: "map", role: "group", "aria-label": "Process map. Arrow keys walk along the paths." });
    this.world = make("g", { class: "world" }, this.svg);
    const layer = (name) => make("g", { class: name }, this.world);
    [this.lines, this.labels, this.boxes] = [layer("lines"), layer("labels"), layer("boxes")];
    this.canvas = document.createElement("canvas");
    this.canvas.className = "dots";
    this.dots = new Dots(this.canvas);
    this.zoom = zoom().scaleExtent([0.1, 3]).on("zoom", ({ transform, sourceEvent }) => this.#zoomed(transform, sourceEvent));
    select(this.svg).call(this.zoom).on("dblclick.zoom", null);
    this.#listen();
    setInterval(() => this.#keepTidy(), 1000);
  }

  /** Show a drawing (store.js); `moves` are [case, from id or null, to id, at] to play. */
  show(drawing, moves = [], omitted = 0) {
    this.#drawing = drawing;
    if (!drawing.nodes.size && !this.#layout) return; // the page says that it waits
    this.#paint();
    if (!this.#placed()) this.#place();
    else this.#play(moves, omitted);
  }

  overlay(name) {
    this.#overlay = name;
    this.svg.classList.toggle("time", OVERLAYS[name].time);
    this.#paint();
  }

  /** Lay out all anew; boxes glide to their places. */
  async tidy() {
    if (this.#busy || !this.#layout) return;
    await this.#place(true);
    this.fit(true, true);
  }

  /** All of it; `legible`: never so small that nothing can be read, then from the top. */
  fit(animate = true, legible = false) {
    const { clientWidth: width, clientHeight } = this.svg;
    const height = clientHeight - 40; // the lower edge belongs to legend and buttons
    if (!this.#layout || !this.#nodes.size || !width || height <= 0) return;
    const { x0, y0, x1, y1 } = this.#bounds();
    const whole = Math.min(1.15, (width - 32) / (x1 - x0), (height - 32) / (y1 - y0));
    const k = legible ? Math.max(LEGIBLE, whole) : whole;
    const top = this.#layout.nodes[START] ?? { x: (x0 + x1) / 2 };
    const x = width / 2 - (k * (x1 - x0) < width ? (k * (x0 + x1)) / 2 : k * top.x);
    const y = k * (y1 - y0) < height ? height / 2 - (k * (y0 + y1)) / 2 : 16 - k * y0;
    this.#moved = false;
    const target = zoomIdentity.translate(x, y).scale(k);
    const where = animate && !stillness.matches ? select(this.svg).transition().duration(GLIDE_MS) : select(this.svg);
    where.call(this.zoom.transform, target);
  }

  zoomBy(factor) {
    this.#touch(true);
    select(this.svg).transition().duration(stillness.matches ? 0 : 150).call(this.zoom.scaleBy, factor);
  }

  pin(key) {
    this.#pinned = key;
    for (const mark of this.#nodes.values()) {
      mark.group.classList.toggle("pinned", mark.key === key);
      if (mark.node?.kind === "activity") mark.group.setAttribute("aria-pressed", mark.key === key);
    }
    for (const mark of this.#edges.values()) mark.group.classList.toggle("pinned", mark.key === key);
    this.#light();
    this.pinned(key);
  }

  // --- drawing ------------------------------------------------------------------------

  #placed() {
    const { nodes, edges } = this.#drawing;
    const has = (list, places) => [...list.keys()].every((key) => places[key]);
    return this.#layout !== null && has(nodes, this.#layout.nodes) && has(edges, this.#layout.edges);
  }

  async #place(anew = false) {
    if (this.#busy) return;
    this.#busy = true;
    const first = this.#layout === null;
    const nodes = [...this.#drawing.nodes.values()].map((node) => ({ key: node.key, ...sizeOf(node) }));
    nodes.sort((a, b) => (b.key === START) - (a.key === START));
    const edges = [...this.#drawing.edges.values()].map(({ key, s, t, n }) => ({ key, s, t, n }));
    const layout = await layOut(nodes, edges, first || anew ? null : this.#layout);
    this.#busy = false;
    if (first) this.root.replaceChildren(this.svg, this.canvas);
    if (anew && !first) this.#glideTo(layout);
    else this.#layout = layout;
    if (first || anew) this.#tidiedAt = performance.now();
    this.#paint(!first && !anew);
    if (first) this.fit(false, true);
    else if (!this.#moved && this.#nodes.size && !this.#visible()) this.fit(true, true);
    if (!this.#placed()) this.#place();
  }

  #paint(marked = false) {
    if (!this.#layout) return;
    const { nodes, edges } = this.#drawing;
    const most = Math.max(1, ...[...nodes.values()].filter(({ kind }) => kind === "activity").map(({ n }) => n));
    this.#sync(this.#nodes, nodes, this.#layout.nodes, (node) => this.#newNode(node, marked), (mark, node) => mark.update(node, most));
    const greatestOf = greatest(edges.values(), this.#overlay);
    const name = (key) => nodes.get(key).label;
    this.#sync(this.#edges, edges, this.#layout.edges, (edge) => new EdgeMark(edge, this.lines, this.labels), (mark, edge) =>
      mark.update(edge, strength(edge, this.#overlay, greatestOf), labelOf(edge, this.#overlay), sentence(edge, name(edge.s), name(edge.t))));
    if (!this.boxes.querySelector('[tabindex="0"]')) this.boxes.querySelector(".activity")?.setAttribute("tabindex", "0");
  }

  /** Marks for what is drawn and placed, and for nothing else. */
  #sync(marks, wanted, places, create, update) {
    for (const [key, mark] of marks) {
      if (wanted.has(key)) continue;
      (mark.remove ? mark : mark.group).remove();
      marks.delete(key);
    }
    for (const [key, item] of wanted) {
      if (!places[key]) continue;
      if (!marks.has(key)) marks.set(key, create(item));
      update(marks.get(key), item);
      if (!this.#glide) marks.get(key).move(places[key]);
    }
  }

  #newNode(node, marked) {
    const mark = new NodeMark(node, this.boxes);
    if (marked && node.kind === "activity") {
      const { w, h } = sizeOf(node);
      const badge = make("g", { class: "new", transform: `translate(${-w / 2 + 24} ${-h / 2})` }, mark.group);
      make("rect", { x: -17, y: -8, width: 34, height: 16, rx: 8 }, badge);
      make("text", { y: 4 }, badge).textContent = "new";
      setTimeout(() => badge.remove(), NEW_MS);
    }
    return mark;
  }

  #glideTo(layout) {
    const old = this.#layout;
    this.#layout = layout;
    if (stillness.matches) return;
    const token = (this.#glide = {});
    const began = performance.now();
    const step = (now) => {
      if (this.#glide !== token) return;
      const part = Math.min(1, (now - began) / GLIDE_MS);
      if (part === 1) {
        this.#glide = null;
        this.#paint();
        return;
      }
      const eased = part * part * (3 - 2 * part);
      const mix = (a, b) => a + eased * (b - a);
      for (const [key, mark] of this.#nodes) {
        const [a, b] = [old.nodes[key], layout.nodes[key]];
        if (a && b) mark.move({ x: mix(a.x, b.x), y: mix(a.y, b.y) });
      }
      for (const [key, mark] of this.#edges) {
        const [a, b] = [old.edges[key], layout.edges[key]];
        if (!a || !b) continue;
        const points = a.samples.map((value, i) => mix(value, b.samples[i]).toFixed(1));
        mark.glide(`M${points.join(" ")}`, { x: mix(a.label.x, b.label.x), y: mix(a.label.y, b.label.y) });
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** By itself only while nobody touches the map, at most every 30 s, and only if edges run through boxes. */
  #keepTidy() {
    const now = performance.now();
    if (this.held || document.hidden || this.#hovered || this.#pinned || !this.#layout?.crossing) return;
    if (now - this.#touchedAt < UNTOUCHED_MS || now - this.#tidiedAt < TIDY_EVERY_MS || this.#moved) return;
    if (!this.boxes.contains(document.activeElement)) this.tidy();
  }

  // --- moves --------------------------------------------------------------------------

  #play(moves, omitted) {
    if (stillness.matches || document.hidden || this.#glide || !moves.length) return;
    const keys = moves.map(([, from, to]) => {
      const t = this.#drawing.key.get(to);
      return edgeKey(from === null ? START : this.#drawing.key.get(from), t);
    });
    if (moves.length + omitted > MOST_DOTS) {
      for (const key of new Set(keys)) this.#edges.get(key)?.glow();
    } else this.dots.run(keys.map((key) => this.#layout.edges[key]?.samples).filter(Boolean));
  }

  // --- what a person does -------------------------------------------------------------

  #touch(moved = false) {
    this.#touchedAt = performance.now();
    this.#moved ||= moved;
  }

  #zoomed(transform, sourceEvent) {
    if (sourceEvent) this.#touch(true);
    this.#view = transform;
    this.world.setAttribute("transform", transform);
    this.svg.classList.toggle("far", transform.k < 0.4);
    this.dots.transform(transform);
  }

  #bounds() {
    const boxes = Object.values(this.#layout.nodes);
    const labels = Object.values(this.#layout.edges).map(({ label }) => ({ ...label, w: 46, h: 18 }));
    const all = [...boxes, ...labels];
    const least = (value) => Math.min(...all.map(value));
    return {
      x0: least((b) => b.x - b.w / 2), y0: least((b) => b.y - b.h / 2 - 8),
      x1: -least((b) => -b.x - b.w / 2), y1: -least((b) => -b.y - b.h / 2),
    };
  }

  /** Is all of the map in view, as far as it can be legible there? */
  #visible() {
    const { x0, y0, x1, y1 } = this.#bounds();
    const [ax, ay] = this.#view.apply([x0, y0]);
    const [bx, by] = this.#view.apply([x1, y1]);
    const inside = ax >= 0 && ay >= 0 && bx <= this.svg.clientWidth && by <= this.svg.clientHeight;
    return inside || this.#view.k <= LEGIBLE;
  }

  #listen() {
    const keyOf = (event) => event.target.closest?.("[data-key]")?.dataset.key ?? null;
    this.svg.addEventListener("pointermove", () => this.#touch());
    this.svg.addEventListener("pointerover", (event) => this.#hover(keyOf(event)));
    this.svg.addEventListener("pointerleave", () => this.#hover(null));
    this.svg.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && this.#hover(keyOf(event)));
    this.svg.addEventListener("focusout", () => this.#hover(null));
    this.svg.addEventListener("click", (event) => this.pin(keyOf(event)));
    this.svg.addEventListener("keydown", (event) => this.#walk(event));
  }

  #hover(key) {
    if (key === this.#hovered) return;
    this.#hovered = key;
    this.#light();
  }

  /** What belongs to the activity or edge in view stays, the rest is dimmed. */
  #light() {
    const key = this.#hovered ?? this.#pinned;
    const lit = new Set();
    if (key !== null) {
      lit.add(key);
      for (const { edge } of this.#edges.values()) {
        if (edge.key === key || edge.s === key || edge.t === key) for (const one of [edge.key, edge.s, edge.t]) lit.add(one);
      }
    }
    this.svg.classList.toggle("dim", lit.size > 0);
    for (const mark of [...this.#nodes.values(), ...this.#edges.values()]) {
      mark.group.classList.toggle("lit", lit.has(mark.key));
      mark.label?.classList.toggle("lit", lit.has(mark.key));
    }
  }

  #walk(event) {
    const here = event.target.closest?.(".activity")?.dataset.key;
    if (!here) return;
    if (event.key === "Enter") this.pin(here);
    const boxes = [...this.#nodes.values()].filter(({ node }) => node.kind === "activity").map(({ key }) => key);
    const edges = [...this.#edges.values()].map((mark) => mark.edge);
    const next = neighbour(here, event.key, new Set(boxes), edges, this.#layout.nodes);
    if (!next) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    const { group } = this.#nodes.get(next);
    group.setAttribute("tabindex", "0");
    group.focus();
  }
}
