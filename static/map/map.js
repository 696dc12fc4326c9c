// The process map: boxes that keep their places, edges, and what drags and zooms them.
import { Attention } from "./highlight.js";
import { boundsOf, Camera, stillness } from "./camera.js";
import { Dots } from "./dots.js";
import { drag } from "./drag.js";
import { Drawn } from "./elements.js";
import { layOut } from "../layout/layout.js";
import { make, sizeOf } from "./shapes.js";
import { MiniMap } from "./minimap.js";
import { OVERLAYS } from "./overlay.js";
import { Places } from "./places.js";
import { edgeKey, START } from "../socket/store.js";
import { neighbour } from "./arrow-keys.js";

const GLIDE_MS = 400;
const MOST_DOTS = 200; // more moves in one message: edges glow instead
const TIDY_EVERY_MS = 30_000;
const UNTOUCHED_MS = 5_000;
const FAR = 0.4; // scale below which labels of edges are left out
const NEAR = 0.8; // scale at which a case is followed
const viewOf = ({ model, kind }) => `${model} ${kind}`; // what has places of its own

export class ProcessMap {
  #layout = null;
  #busy = false;
  #drawing = null;
  #overlay = "n";
  #faint = new Set();
  #turned = false;
  #known = new Map(); // layouts of the models that were shown before
  #places = new Places();
  #put = new Map(); // boxes that were dragged since the layout was asked for
  #glide = null;
  #centre = null; // the key of what is to be brought to the middle as soon as it has a place
  #touchedAt = 0;
  #tidiedAt = 0;

  /** `root` gets the map; `pinned(key or null)` is called when a person chooses an activity or an edge. */
  constructor(root, { pinned }) {
    this.root = root;
    this.held = false; // never tidy by itself
    this.svg = make("svg", { class: "map", role: "group", "aria-label": "Process map. Arrow keys walk along the paths." });
    this.world = make("g", { class: "world" }, this.svg);
    this.drawn = new Drawn(this.world);
    this.attention = new Attention(this.svg, this.drawn, pinned);
    this.canvas = document.createElement("canvas");
    this.canvas.className = "dots";
    this.dots = new Dots(this.canvas);
    this.camera = new Camera(this.svg, { changed: (transform) => this.#zoomed(transform), touched: () => this.#touch() });
    this.mini = new MiniMap(this.camera);
    this.#listen();
    setInterval(() => this.#keepTidy(), 1000);
  }

  /** Show a drawing (store.js); `moves` are [case, from id or null, to id, at] to play. */
  show(drawing, moves = [], omitted = 0) {
    const turned = this.#drawing !== null && viewOf(drawing) !== viewOf(this.#drawing);
    if (turned) this.#turn(drawing);
    this.#drawing = drawing;
    if (!drawing.nodes.size && !this.#layout) return; // the page says that it waits
    this.#paint();
    if (!this.#placed()) this.#place();
    else {
      if (turned) this.#look();
      this.#play(moves, omitted);
    }
  }

  /** These (keys) are faded; they keep their places until the map is tidied, which closes the gaps. */
  fade(keys) {
    if (keys.size === this.#faint.size && [...keys].every((key) => this.#faint.has(key))) return;
    this.#faint = keys;
    if (!this.#drawing) return;
    this.#paint();
    if (!this.#placed()) this.#place();
  }

  overlay(name) {
    if (name === this.#overlay) return;
    this.#overlay = name;
    this.svg.classList.toggle("time", OVERLAYS[name].time);
    if (this.#drawing) this.#paint();
  }

  /** Lay out all anew; boxes glide to their places. Asked for by a person, it forgets where boxes were dragged to. */
  async tidy(asked = true) {
    if (this.#busy || !this.#layout) return;
    if (asked) await this.#places.forget(this.#drawing.model);
    await this.#place(true);
    this.fit(true, true);
  }

  /** All of it; `readable`: never so small that nothing can be read, then its beginning. */
  fit(glide = true, readable = false) {
    if (!this.#layout || !this.drawn.nodes.size) return;
    const bounds = boundsOf(this.#layout);
    const begins = [...this.#drawing.nodes.values()].find(({ key, initial }) => key === START || initial); // of a net: its first place
    const start = this.#layout.nodes[begins?.key] ?? { x: (bounds.x0 + bounds.x1) / 2, y: bounds.y0 };
    this.camera.fit(bounds, start, { glide, readable });
  }

  zoomBy(factor) {
    this.camera.zoomBy(factor);
  }

  /** Bring a box to the middle, now or as soon as it has a place. */
  centre(key, glide = true) {
    const place = this.#layout?.nodes[key];
    this.#centre = place ? null : key;
    if (place) this.camera.centre(place, { glide, k: NEAR });
  }

  /** Does somebody use the map at this moment? Then nothing should pull it away. */
  holds() {
    return performance.now() - this.#touchedAt < UNTOUCHED_MS;
  }

  /** How many matches of rules wait at activities: key → {n, severity}. */
  alarm(places) {
    this.drawn.alarm(places);
  }

  // --- drawing ------------------------------------------------------------------------

  /** Another model: places of its own, as when it was last shown. The old drawing stays until they are known. */
  #turn(drawing) {
    if (this.#layout) this.#known.set(viewOf(this.#drawing), this.#layout);
    this.#glide = null;
    this.#put.clear();
    this.#layout = this.#known.get(viewOf(drawing)) ?? null;
    this.#turned = true;
  }

  #placed() {
    const { nodes, edges } = this.#drawing;
    const has = (list, places) => [...list.keys()].every((key) => places[key] || this.#faint.has(key));
    return this.#layout !== null && has(nodes, this.#layout.nodes) && has(edges, this.#layout.edges);
  }

  /** Ask for a layout of what is drawn; `anew`: of all, else known boxes stay. One at a time. */
  async #place(anew = false) {
    if (this.#busy) return;
    this.#busy = true;
    const { model, flow, nodes: drawn, edges: ways } = this.#drawing;
    const asked = viewOf(this.#drawing);
    const first = this.#layout === null;
    const known = first || anew ? null : this.#layout;
    const hand = known ? Object.fromEntries(this.#put) : await this.#places.of(model);
    this.#put.clear();
    const wanted = (part) => (item) => !this.#faint.has(item.key) || known?.[part][item.key];
    const nodes = [...drawn.values()].filter(wanted("nodes")).map((node) => ({ key: node.key, parent: node.parent, ...sizeOf(node) }));
    nodes.sort((a, b) => (b.key === START) - (a.key === START));
    const edges = [...ways.values()].filter(wanted("edges")).map(({ key, s, t, n = 1 }) => ({ key, s, t, n }));
    const layout = await layOut(nodes, edges, { known, flow, hand });
    this.#busy = false;
    if (viewOf(this.#drawing) === asked) this.#adopt(layout, first, anew);
    if (!this.#placed() || this.#put.size) this.#place();
  }

  #adopt(layout, first, anew) {
    for (const key of this.#put.keys()) layout.nodes[key] = this.#layout.nodes[key]; // dragged on meanwhile
    if (!this.svg.isConnected) this.root.replaceChildren(this.svg, this.canvas, this.mini.root);
    const old = this.#layout;
    this.#layout = layout;
    if (anew && !first) this.#glideFrom(old);
    if (first || anew) this.#tidiedAt = performance.now();
    this.#paint(!first && !anew);
    this.mini.draw(layout, boundsOf(layout));
    if (first) this.#look();
    else if (!anew) this.#keepInView();
  }

  /** What a new drawing shows first: all of it or its beginning, or what is chosen as near as one was. */
  #look() {
    const key = this.#centre ?? (this.camera.moved ? this.attention.pinned : null);
    if (this.#layout.nodes[key]) this.centre(key, false);
    else this.fit(false, true);
  }

  /** Who saw all of the map goes on to see all of it, unless he looks closer. */
  #keepInView() {
    const bounds = boundsOf(this.#layout);
    if (this.#centre) this.centre(this.#centre);
    else if (!this.camera.moved && this.camera.whole(bounds) && !this.camera.sees(bounds)) this.fit(true, true);
  }

  #paint(fresh = false) {
    if (!this.#layout) return;
    const turned = this.#turned;
    this.#turned = false;
    this.svg.dataset.kind = this.#drawing.kind;
    if (turned) {
      this.drawn.clear();
      this.dots.clear();
    }
    this.drawn.paint(this.#drawing, this.#layout, { overlay: this.#overlay, faint: this.#faint, fresh, still: this.#glide !== null });
    if (!turned) return;
    this.attention.show();
    this.mini.draw(this.#layout, boundsOf(this.#layout));
  }

  #glideFrom(old) {
    if (stillness.matches) return;
    const token = (this.#glide = {});
    const next = this.#layout;
    const began = performance.now();
    const step = (now) => {
      if (this.#glide !== token) return;
      const part = Math.max(0, Math.min(1, (now - began) / GLIDE_MS));
      this.drawn.glide(old, next, part * part * (3 - 2 * part));
      if (part < 1) requestAnimationFrame(step);
      else {
        this.#glide = null;
        this.#paint();
      }
    };
    requestAnimationFrame(step);
  }

  /** By itself only while nobody touches the map, at most every 30 s, and only if edges run through boxes. */
  #keepTidy() {
    if (this.held || document.hidden || this.attention.any || !this.#layout?.crossing) return;
    if (this.holds() || performance.now() - this.#tidiedAt < TIDY_EVERY_MS || this.camera.moved) return;
    if (!this.drawn.boxes.contains(document.activeElement)) this.tidy(false);
  }

  // --- moves --------------------------------------------------------------------------

  #play(moves, omitted) {
    if (stillness.matches || document.hidden || this.#glide || !moves.length) return;
    const flood = moves.length + omitted > MOST_DOTS;
    const dots = [];
    for (const [name, from, to] of moves) {
      const key = edgeKey(from === null ? START : this.#drawing.key.get(from), this.#drawing.key.get(to));
      const way = this.#layout.edges[key]?.samples;
      const chosen = name === this.attention.trail?.case;
      if (way && (chosen || !flood)) dots.push({ way, chosen });
      if (flood) this.drawn.edges.get(key)?.glow();
    }
    this.dots.run(dots);
  }

  // --- what a person does -------------------------------------------------------------

  #touch() {
    this.#touchedAt = performance.now();
  }

  #zoomed(transform) {
    this.world.setAttribute("transform", transform);
    this.svg.classList.toggle("far", transform.k < FAR);
    this.dots.transform(transform);
    this.mini.move();
  }

  #listen() {
    this.svg.addEventListener("pointermove", () => this.#touch());
    this.svg.addEventListener("keydown", (event) => this.#walk(event));
    let from = null;
    drag(this.svg, {
      may: () => this.#glide === null && this.#drawing.flow !== "nested",
      move: (key, dx, dy) => {
        from ??= this.#layout.nodes[key];
        this.#putAt(key, { x: from.x + dx / this.camera.view.k, y: from.y + dy / this.camera.view.k });
      },
      drop: (key) => {
        from = null;
        this.camera.moved = true; // the rest stays where it is, too
        this.#places.put(this.#drawing.model, key, this.#layout.nodes[key]);
      },
    });
  }

  /** A box goes there at once, its edges follow as soon as their ways are known. */
  #putAt(key, { x, y }) {
    const place = { ...this.#layout.nodes[key], x: Math.round(x), y: Math.round(y) };
    this.#layout.nodes[key] = place;
    this.#put.set(key, [place.x, place.y]);
    this.drawn.nodes.get(key)?.move(place);
    this.#place();
  }

  #walk(event) {
    const here = event.target.closest?.(".node[tabindex]")?.dataset.key;
    if (!here) return;
    if (event.key === "Enter") this.attention.pin(here);
    const { nodes, edges } = this.drawn;
    const boxes = [...nodes.values()].filter(({ focusable }) => focusable).map(({ key }) => key);
    const ways = [...edges.values()].map((mark) => mark.edge);
    const next = neighbour(here, event.key, new Set(boxes), ways, this.#layout.nodes, this.#drawing.flow);
    if (!next) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    const { group } = nodes.get(next);
    group.setAttribute("tabindex", "0");
    group.focus({ preventScroll: true });
    this.camera.reveal(this.#layout.nodes[next]);
  }
}
