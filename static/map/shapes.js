// The SVG elements of one node and of one edge, of any kind of picture (kinds.js); they write only what has changed.
import { plural, short } from "../shared/format.js";
import { END, signOf, START } from "./kinds.js";

const SVG = "http://www.w3.org/2000/svg";
const BOX = { w: 208, line: 18, padding: 18 };
const ROOM = { counted: BOX.w - 13 - 62, plain: 150 }; // for a line of a label: beside the count, or alone
const ROUND = 26; // start and end
const SIZES = { place: [30, 30], silent: [12, 34], gateway: [44, 44], operator: [40, 40], start: [ROUND, ROUND], end: [ROUND, ROUND] };

export function make(name, attributes = {}, parent = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

function set(element, name, value) {
  const text = String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** The text of `element` for words that change: written into one text node, which then needs no style anew. */
const textOf = (element) => element.appendChild(new Text());

function write(text, words) {
  if (text.data !== words) text.data = words;
}

/** A share (0 … 1) in steps that the eye tells apart: what is drawn of it changes with few of its changes. */
const stepped = (share) => Math.round(16 * share) / 16;

const ruler = document.createElement("canvas").getContext("2d");
const known = new Map();

function shorten(text, room) {
  if (ruler.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && ruler.measureText(`${text.slice(0, end)}…`).width > room) end--;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** A label in one or two lines that fit `room`, and the width of the wider one. */
function fitted(label, room) {
  const id = `${room} ${label}`;
  if (known.has(id)) return known.get(id);
  ruler.font = `600 15px ${getComputedStyle(document.body).fontFamily}`;
  let first = "";
  const words = label.split(/(?<=[\s_/-])|(?<=[a-z])(?=[A-Z])/u);
  while (words.length && ruler.measureText(first + words[0]).width <= room) first += words.shift();
  const rest = words.join("");
  const lines = first && rest ? [first, shorten(rest, room)] : [shorten(label, room)];
  const result = { lines, width: Math.max(...lines.map((line) => ruler.measureText(line).width)) };
  known.set(id, result);
  return result;
}

const boxed = ({ kind }) => kind === "activity" || kind === "state";
const counted = (node) => node.n !== undefined;
const linesOf = (node) => fitted(node.label, counted(node) ? ROOM.counted : ROOM.plain);

/** Width and height of a node, fixed for good: digits never push. */
export function sizeOf(node) {
  if (!boxed(node)) {
    const [w, h] = SIZES[node.kind] ?? [120, 80]; // a frame is as large as what it holds
    return node.kind === "silent" && node.picture === "process-tree" ? { w: 18, h: 18 } : { w, h };
  }
  const { lines, width } = linesOf(node);
  return { w: counted(node) ? BOX.w : Math.max(64, Math.ceil(width) + 28), h: lines.length * BOX.line + BOX.padding };
}

export class NodeMark {
  constructor(node, parent) {
    this.key = node.key;
    this.focusable = !((node.picture === undefined || node.picture === "graph") && !boxed(node)); // not the added ends
    this.group = make("g", { class: `node ${node.kind}${node.type ? ` ${node.type}` : ""}`, "data-key": node.key }, parent);
    this.title = textOf(make("title", {}, this.group));
    if (boxed(node)) this.#box(node);
    else if (node.kind === "frame") this.#frame(node);
    else this.#shape(node);
    const { w, h } = sizeOf(node);
    this.tokens = new Tokens(this.group, boxed(node) && counted(node) ? w / 2 - 28 : w / 2, -h / 2);
    if (this.focusable) for (const [name, value] of [["role", "button"], ["tabindex", "-1"]]) this.group.setAttribute(name, value);
  }

  #box(node) {
    const { w, h } = sizeOf(node);
    const [x, y] = [-w / 2, -h / 2];
    for (const name of counted(node) ? ["box", "heat"] : ["box"]) make("rect", { class: name, x, y, width: w, height: h, rx: node.picture === "petri-net" ? 2 : node.kind === "state" ? h / 2 : 9 }, this.group);
    this.heat = this.group.lastChild; // where there is none, its count does not ask for it
    const { lines } = linesOf(node);
    const label = make("text", { class: `label${counted(node) ? "" : " centred"}` }, this.group);
    lines.forEach((line, i) => {
      const dy = (i - (lines.length - 1) / 2) * BOX.line;
      make("tspan", { x: counted(node) ? x + 13 : 0, y: dy + 5 }, label).textContent = line;
    });
    if (counted(node)) this.count = textOf(make("text", { class: "count", x: w / 2 - 13, y: 5 }, this.group));
  }

  #frame(node) {
    this.frame = make("rect", { class: "box", rx: 12 }, this.group);
    this.sign = make("text", { class: "sign-text" }, this.group);
    this.sign.textContent = signOf(node.picture, node);
  }

  #shape(node) {
    const { w, h } = sizeOf(node);
    const { kind } = node;
    if (kind === "silent") make("rect", { class: "box", x: -w / 2, y: -h / 2, width: w, height: h, rx: 2 }, this.group);
    else if (kind === "gateway") make("path", { class: "box", d: `M0 ${-h / 2}L${w / 2} 0L0 ${h / 2}L${-w / 2} 0Z` }, this.group);
    else make("circle", { class: "box", r: w / 2 }, this.group);
    if (kind === "gateway" || kind === "operator") make("text", { class: "sign-text", y: 7 }, this.group).textContent = signOf(node.picture, node);
    if (kind === "place" && node.final) make("circle", { class: "ring", r: w / 2 - 4 }, this.group);
    if (node.picture === "bpmn") return; // an event's line tells: thin where it begins, thick where it ends
    if (kind === START || node.initial) make("path", { class: "sign", d: "M-3.5 -5.5L6 0L-3.5 5.5Z" }, this.group);
    if (kind === END || node.final) make("rect", { class: "sign", x: -4.5, y: -4.5, width: 9, height: 9, rx: 1.5 }, this.group);
  }

  move({ x, y, w, h }) {
    set(this.group, "transform", `translate(${x} ${y})`);
    if (!this.frame || w === undefined) return;
    for (const [name, value] of [["x", -w / 2], ["y", -h / 2], ["width", w], ["height", h]]) set(this.frame, name, value.toFixed(1));
    for (const [name, value] of [["x", 18 - w / 2], ["y", 22 - h / 2]]) set(this.sign, name, value.toFixed(1));
  }

  update(node, most) {
    this.node = node;
    if (!this.focusable) return;
    if (this.count) {
      set(this.heat, "fill-opacity", (0.03 + 0.27 * stepped(Math.sqrt(node.n / most))).toFixed(3));
      write(this.count, short(node.n));
    }
    this.tokens.update(node);
    set(this.group, "aria-label", sentenceOf(node));
  }

  /** What the pointer reads. */
  tell() {
    const { node } = this;
    const what = node.kind === START ? "begun" : "ended";
    write(this.title, this.focusable ? sentenceOf(node) : node.n ? `${plural(node.n, "case")} ${what}` : node.label);
  }

  /** {n, severity} of the matches of rules here that nobody has acknowledged; undefined: none. */
  alarm(found) {
    if (!found && !this.alarms) return;
    this.alarms ??= new Alarm(this.group, sizeOf(this.node));
    this.alarms.update(found);
  }

  choose(is) {
    this.group.classList.toggle("pinned", is);
    if (this.focusable) this.group.setAttribute("aria-pressed", is);
  }

  fade(is) {
    if (is === this.faint) return;
    this.faint = is;
    this.group.classList.toggle("faint", is);
  }

  remove() {
    this.group.remove();
  }
}

function sentenceOf(node) {
  const named = node.kind === "activity" || node.kind === "state" ? node.label : node.role;
  return [[named, [counted(node) && plural(node.n, "event"), where(node)].filter(Boolean).join(", ")].filter(Boolean).join(": "), ...(node.says ?? [])].join("; ");
}

/** Where open cases are, in words: surely, and in one of several ways. */
function where({ open = null, maybe }) {
  const sure = open === null ? "" : `${plural(open, "open case")} now here`;
  return maybe ? `${sure ? `${sure}, ` : ""}${plural(maybe, "open case")} here or elsewhere` : sure;
}

/** How many open cases are here: solid where that is sure, hollow where it is one of several ways. */
class Tokens {
  constructor(parent, x, y) {
    this.here = make("g", { class: "here", transform: `translate(${x} ${y})`, visibility: "hidden" }, parent);
    this.pill = make("rect", { y: -10, height: 20, rx: 10 }, this.here);
    this.text = textOf(make("text", { y: 4.5 }, this.here));
  }

  update({ open, maybe }) {
    const text = [open ? short(open) : "", maybe ? `${short(maybe)}?` : ""].filter(Boolean).join(" + ");
    if (text === this.text.data) return;
    this.text.data = text;
    set(this.here, "visibility", text ? "visible" : "hidden");
    this.here.classList.toggle("maybe", Boolean(!open && maybe));
    const width = 14 + 8 * Math.max(2, text.length);
    set(this.pill, "width", width);
    set(this.pill, "x", -width / 2);
  }
}

// besides the colour
const SHAPES = { critical: "M-3 -7H3L7 -3V3L3 7H-3L-7 3V-3Z", warning: "M0 -7L8 7H-8Z", info: "M-7 0A7 7 0 1 0 7 0A7 7 0 1 0 -7 0Z" };

/** Matches of rules at an activity: a sign by the worst severity, and how many. */
class Alarm {
  constructor(parent, { w, h }) {
    this.root = make("g", { transform: `translate(${34 - w / 2} ${h / 2 + 6})` }, parent);
    this.title = textOf(make("title", {}, this.root));
    this.pill = make("rect", { x: -22, y: -10, width: 44, height: 20, rx: 10 }, this.root);
    const sign = make("g", { transform: "translate(-9 0)" }, this.root);
    this.shape = make("path", {}, sign);
    make("text", { class: "mark-of", y: 4 }, sign).textContent = "!";
    this.text = textOf(make("text", { x: 9, y: 4.5 }, this.root));
  }

  update(found) {
    set(this.root, "visibility", found ? "visible" : "hidden");
    if (!found) return;
    set(this.root, "class", `alarm ${found.severity}`);
    set(this.shape, "d", SHAPES[found.severity]);
    write(this.text, found.n > 99 ? "99+" : String(found.n));
    write(this.title, `${plural(found.n, "match", "matches")} of rules to acknowledge, the worst: ${found.severity}`);
  }
}

export class EdgeMark {
  constructor(edge, lines, labels) {
    this.key = edge.key;
    this.group = make("g", { class: `edge ${edge.kind}`, "data-key": edge.key }, lines);
    this.title = textOf(make("title", {}, this.group));
    this.hit = make("path", { class: "hit" }, this.group);
    this.line = make("path", { class: "line" }, this.group);
    this.arrow = make("path", { class: "arrow" }, this.group);
    this.label = make("g", { class: `edge-label ${edge.kind}`, "data-key": edge.key }, labels);
    this.plate = make("rect", { y: -8, height: 16, rx: 6, visibility: "hidden" }, this.label);
    this.text = textOf(make("text", { y: 4 }, this.label));
    this.held = null; // tokens on a flow, once there are some
  }

  move({ d, arrow, label }) {
    for (const path of [this.line, this.hit]) set(path, "d", d);
    set(this.arrow, "d", arrow);
    set(this.arrow, "visibility", "visible");
    set(this.label, "transform", `translate(${label.x.toFixed(1)} ${label.y.toFixed(1)})`);
  }

  /** On its way to another place: a line only. */
  glide(d, { x, y }) {
    set(this.line, "d", d);
    set(this.arrow, "visibility", "hidden");
    set(this.label, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
  }

  update(edge, strength, text) {
    this.edge = edge;
    const step = edge.kind === START || edge.kind === END ? 0.1 : stepped(strength);
    if (step !== this.step) {
      this.step = step;
      set(this.line, "stroke-width", (1.25 + 3.75 * step).toFixed(2));
      const opacity = (0.6 + 0.4 * step).toFixed(2);
      set(this.line, "stroke-opacity", opacity);
      set(this.arrow, "fill-opacity", opacity);
    }
    if (text.length !== this.text.length) {
      const width = 8 + 6.5 * text.length;
      set(this.plate, "visibility", text ? "visible" : "hidden");
      set(this.plate, "width", width);
      set(this.plate, "x", -width / 2);
    }
    write(this.text, text);
    if (edge.open || edge.maybe) this.held ??= new Tokens(this.label, 0, 0);
    this.held?.update(edge);
  }

  /** What the pointer reads: `sentence`, and where open cases are. */
  tell(sentence) {
    write(this.title, [sentence, where(this.edge)].filter(Boolean).join(": "));
  }

  choose(is) {
    this.group.classList.toggle("pinned", is);
  }

  fade(is) {
    if (is === this.faint) return;
    this.faint = is;
    this.group.classList.toggle("faint", is);
    this.label.classList.toggle("faint", is);
  }

  glow() {
    this.group.classList.remove("glow");
    void this.group.getBBox(); // begin the animation anew
    this.group.classList.add("glow");
  }

  remove() {
    this.group.remove();
    this.label.remove();
  }
}
