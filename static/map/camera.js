// Which part of the map is in view: by wheel, pinch, keys and mini-map, or fitted. Knows no process.

const { select, zoom, zoomIdentity } = window.d3;
const GLIDE_MS = 400;
const READABLE = 0.6; // scale from which on labels are read with ease
const CLOSE = 0.8; // scale to begin with where all of it would be smaller than that
const LARGEST = 1.15;
const EDGE = 16; // px kept free around what is fitted
const CORNER = 150; // px at the right edge that belong to the mini-map, so that it never covers the beginning
const BELOW = 40; // px at the lower edge that belong to legend and buttons
export const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class Camera {
  view = zoomIdentity;
  moved = false; // by the person, since the last fit

  /** `changed(transform)` after each change, `touched()` when a person does something. */
  constructor(svg, { changed, touched }) {
    this.svg = svg;
    this.touched = touched;
    this.zoom = zoom()
      .scaleExtent([0.05, 3])
      .filter((event) => (!event.ctrlKey || event.type === "wheel") && !event.button && !(event.type === "mousedown" && event.target.closest(".node")))
      .on("zoom", ({ transform, sourceEvent }) => {
        if (sourceEvent) this.#touch();
        this.view = transform;
        changed(transform);
      });
    select(svg).call(this.zoom).on("dblclick.zoom", null);
  }

  #touch() {
    this.moved = true;
    this.touched();
  }

  #go(glide_ms) {
    return glide_ms && !stillness.matches ? select(this.svg).transition().duration(glide_ms) : select(this.svg).interrupt();
  }

  get size() {
    return [this.svg.clientWidth, this.svg.clientHeight - BELOW];
  }

  /** All of `bounds` {x0, y0, x1, y1}; `readable`: if that were too small to read, its beginning instead, at `start` {x, y}. */
  fit({ x0, y0, x1, y1 }, start, { glide = true, readable = false } = {}) {
    const [width, height] = this.size;
    if (!width || height <= 0) return;
    const whole = Math.min(LARGEST, (width - 2 * EDGE) / (x1 - x0), (height - 2 * EDGE) / (y1 - y0));
    const k = readable && whole < READABLE ? CLOSE : whole;
    const along = (least, most, room, first, spare) =>
      k * (most - least) <= room ? (room - k * (least + most)) / 2 : Math.min(EDGE - k * least, Math.max(room - EDGE - spare - k * most, first));
    const x = along(x0, x1, width, width / 2 - k * start.x, Math.min(CORNER, width / 4));
    const y = along(y0, y1, height, 2 * EDGE - k * start.y, 0);
    this.moved = false;
    this.#go(glide && GLIDE_MS).call(this.zoom.transform, zoomIdentity.translate(x, y).scale(k));
  }

  zoomBy(factor) {
    this.#touch();
    this.#go(150).call(this.zoom.scaleBy, factor);
  }

  /** Bring the point to the middle; `k`: at least that near. */
  centre({ x, y }, { glide = true, k = 0 } = {}) {
    this.#touch();
    const [width, height] = this.size;
    const scale = Math.max(k, this.view.k);
    this.#go(glide && GLIDE_MS).call(this.zoom.transform, zoomIdentity.translate(width / 2 - scale * x, height / 2 - scale * y).scale(scale));
  }

  /** Bring a box into view unless it is there. */
  reveal(box) {
    if (!this.sees(around(box))) this.centre(box);
  }

  sees({ x0, y0, x1, y1 }) {
    const [ax, ay] = this.view.apply([x0, y0]);
    const [bx, by] = this.view.apply([x1, y1]);
    return ax >= 0 && ay >= 0 && bx <= this.svg.clientWidth && by <= this.svg.clientHeight;
  }

  /** Was `bounds` fitted whole when it was last looked for? Then it stays whole as it grows. */
  whole({ x0, y0, x1, y1 }) {
    const [width, height] = this.size;
    return Math.min((width - 2 * EDGE) / (x1 - x0), (height - 2 * EDGE) / (y1 - y0)) >= READABLE;
  }
}

const around = ({ x, y, w, h }) => ({ x0: x - w / 2, y0: y - h / 2, x1: x + w / 2, y1: y + h / 2 });

/** What a layout takes, with the labels of its edges and what stands at its boxes. */
export function boundsOf({ nodes, edges }) {
  const all = Object.values(nodes).map(around);
  for (const { label } of Object.values(edges)) if (label) all.push(around({ ...label, w: 46, h: 18 }));
  const least = (value) => Math.min(...all.map(value));
  return { x0: least((b) => b.x0), y0: least((b) => b.y0) - 8, x1: -least((b) => -b.x1), y1: -least((b) => -b.y1) };
}
