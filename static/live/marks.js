// The SVG elements of one activity and of one edge; they write to the page only what has changed.
import { exact, plural, short } from "./format.js";
import { END, START } from "./store.js";

const SVG = "http://www.w3.org/2000/svg";
const BOX = { w: 208, line: 18, padding: 18 };
const TEXT = BOX.w - 13 - 62; // left for the label beside the count
const ROUND = 26; // start and end

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

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const ruler = document.createElement("canvas").getContext("2d");
const lines = new Map();

function shorten(text) {
  if (ruler.measureText(text).width <= TEXT) return text;
  let end = text.length;
  while (end > 1 && ruler.measureText(`${text.slice(0, end)}…`).width > TEXT) end--;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** A label in one or two lines that fit its box. */
export function linesOf(label) {
  if (lines.has(label)) return lines.get(label);
  ruler.font = `600 15px ${getComputedStyle(document.body).fontFamily}`;
  let first = "";
  const words = label.split(/(?<=[\s_/-])|(?<=[a-z])(?=[A-Z])/u);
  while (words.length && ruler.measureText(first + words[0]).width <= TEXT) first += words.shift();
  const rest = words.join("");
  const result = first && rest ? [first.trim(), shorten(rest)] : [shorten(label)];
  lines.set(label, result);
  return result;
}

/** Width and height of a node, fixed for good: digits never push. */
export function sizeOf(node) {
  if (node.kind !== "activity") return { w: ROUND, h: ROUND };
  return { w: BOX.w, h: linesOf(node.label).length * BOX.line + BOX.padding };
}

export class NodeMark {
  constructor(node, parent) {
    this.key = node.key;
    this.group = make("g", { class: `node ${node.kind}`, "data-key": node.key }, parent);
    this.title = make("title", {}, this.group);
    if (node.kind === "activity") this.#box(node);
    else this.#round(node);
  }

  #box(node) {
    const { w, h } = sizeOf(node);
    const [x, y] = [-w / 2, -h / 2];
    for (const name of ["box", "heat"]) make("rect", { class: name, x, y, width: w, height: h, rx: 9 }, this.group);
    this.heat = this.group.lastChild;
    const all = linesOf(node.label);
    const label = make("text", { class: "label" }, this.group);
    all.forEach((line, i) => {
      const dy = (i - (all.length - 1) / 2) * BOX.line;
      make("tspan", { x: x + 13, y: dy + 5 }, label).textContent = line;
    });
    this.count = make("text", { class: "count", x: w / 2 - 13, y: 5 }, this.group);
    this.here = make("g", { class: "here", transform: `translate(${w / 2 - 28} ${y})` }, this.group);
    this.pill = make("rect", { y: -10, height: 20, rx: 10 }, this.here);
    this.open = make("text", { y: 4.5 }, this.here);
    this.group.setAttribute("role", "button");
    this.group.setAttribute("tabindex", "-1");
  }

  #round(node) {
    make("circle", { class: "box", r: ROUND / 2 }, this.group);
    if (node.kind === START) make("path", { class: "sign", d: "M-3.5 -5.5L6 0L-3.5 5.5Z" }, this.group);
    if (node.kind === END) make("rect", { class: "sign", x: -4.5, y: -4.5, width: 9, height: 9, rx: 1.5 }, this.group);
  }

  move({ x, y }) {
    set(this.group, "transform", `translate(${x} ${y})`);
  }

  update(node, most) {
    this.node = node;
    if (node.kind !== "activity") {
      const what = node.kind === START ? "begun" : "ended";
      write(this.title, `${plural(node.n, "case")} ${what}`);
      return;
    }
    set(this.heat, "fill-opacity", (0.03 + 0.27 * Math.sqrt(node.n / most)).toFixed(2));
    write(this.count, short(node.n));
    set(this.here, "visibility", node.open ? "visible" : "hidden");
    if (node.open) {
      const text = short(node.open);
      const width = 14 + 8 * Math.max(2, text.length);
      write(this.open, text);
      set(this.pill, "width", width);
      set(this.pill, "x", -width / 2);
    }
    const words = `${node.label}: ${plural(node.n, "event")}, ${plural(node.open, "open case")} now here`;
    write(this.title, words);
    set(this.group, "aria-label", words);
  }
}

export class EdgeMark {
  constructor(edge, lines, labels) {
    this.key = edge.key;
    this.group = make("g", { class: `edge ${edge.kind}`, "data-key": edge.key }, lines);
    this.title = make("title", {}, this.group);
    this.hit = make("path", { class: "hit" }, this.group);
    this.line = make("path", { class: "line" }, this.group);
    this.arrow = make("path", { class: "arrow" }, this.group);
    this.label = make("g", { class: `edge-label ${edge.kind}`, "data-key": edge.key }, labels);
    this.plate = make("rect", { y: -8, height: 16, rx: 6 }, this.label);
    this.text = make("text", { y: 4 }, this.label);
  }

  move({ d, arrow, label }) {
    set(this.line, "d", d);
    set(this.hit, "d", d);
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

  update(edge, strength, text, title) {
    this.edge = edge;
    if (edge.kind === "start" || edge.kind === "end") strength = 0.1;
    set(this.line, "stroke-width", (1.25 + 3.75 * strength).toFixed(2));
    const opacity = (0.6 + 0.4 * strength).toFixed(2);
    set(this.line, "stroke-opacity", opacity);
    set(this.arrow, "fill-opacity", opacity);
    set(this.label, "visibility", text ? "visible" : "hidden");
    write(this.text, text);
    const width = 8 + 6.5 * text.length;
    set(this.plate, "width", width);
    set(this.plate, "x", -width / 2);
    write(this.title, title);
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
