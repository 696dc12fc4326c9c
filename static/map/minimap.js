// The whole map small in a corner, with a frame around what is in view; there only while some of it is not in view.

const WIDEST = { part: 0.2, px: 132 }; // of the map, and at most
const HIGHEST = { part: 0.62, px: 340 }; // of the map, and at most
const AROUND = 6;

export class MiniMap {
  #layout = null;
  #bounds = null;
  #scale = 1;

  /** Pressing it brings that point into the middle of `camera`. */
  constructor(camera) {
    this.camera = camera;
    this.root = document.createElement("div");
    this.root.className = "minimap";
    this.root.hidden = true;
    this.root.setAttribute("aria-hidden", "true"); // for pointers: keys walk from box to box instead
    this.canvas = this.root.appendChild(document.createElement("canvas"));
    this.frame = this.root.appendChild(document.createElement("i"));
    const look = (event) => event.buttons === 1 && this.#look(event);
    this.root.addEventListener("pointerdown", (event) => {
      this.root.setPointerCapture(event.pointerId);
      look(event);
    });
    this.root.addEventListener("pointermove", look);
    const again = () => this.#layout && this.draw(this.#layout, this.#bounds);
    new ResizeObserver(again).observe(camera.svg);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new MutationObserver(again).observe(document.documentElement, { attributes: true }); // light or dark, by the switch
  }

  draw(layout, bounds) {
    this.#layout = layout;
    this.#bounds = bounds;
    const { x0, y0, x1, y1 } = bounds;
    const { clientWidth, clientHeight } = this.camera.svg;
    const most = ({ part, px }, whole) => Math.min(px, Math.max(60, part * whole)) - 2 * AROUND;
    this.#scale = Math.min(most(WIDEST, clientWidth) / (x1 - x0), most(HIGHEST, clientHeight) / (y1 - y0));
    const [w, h] = [(x1 - x0) * this.#scale + 2 * AROUND, (y1 - y0) * this.#scale + 2 * AROUND];
    const ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: w * ratio, height: h * ratio });
    Object.assign(this.canvas.style, { width: `${w}px`, height: `${h}px` });
    const style = getComputedStyle(this.root);
    const context = this.canvas.getContext("2d");
    const k = this.#scale * ratio;
    context.setTransform(k, 0, 0, k, AROUND * ratio - k * x0, AROUND * ratio - k * y0);
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = 1 / k;
    for (const { samples } of Object.values(layout.edges)) {
      context.beginPath();
      for (let i = 0; i < samples.length; i += 8) context.lineTo(samples[i], samples[i + 1]);
      context.lineTo(samples.at(-2), samples.at(-1));
      context.stroke();
    }
    context.fillStyle = style.getPropertyValue("--edge");
    const least = 3 / k;
    for (const { x, y, w: width, h: height } of Object.values(layout.nodes)) {
      context.fillRect(x - width / 2, y - Math.max(height, least) / 2, width, Math.max(height, least));
    }
    this.move();
  }

  /** The frame goes where the camera looks. */
  move() {
    if (!this.#bounds) return;
    const { view, svg } = this.camera;
    this.root.hidden = this.camera.sees(this.#bounds) || !svg.clientWidth;
    if (this.root.hidden) return;
    const [ax, ay] = view.invert([0, 0]);
    const [bx, by] = view.invert([svg.clientWidth, svg.clientHeight]);
    const { clientWidth: w, clientHeight: h } = this.canvas;
    const px = (value, least, most) => Math.min(most, Math.max(0, AROUND + (value - least) * this.#scale));
    const [left, right] = [ax, bx].map((x) => px(x, this.#bounds.x0, w));
    const [top, bottom] = [ay, by].map((y) => px(y, this.#bounds.y0, h));
    Object.assign(this.frame.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  #look(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const { x0, y0 } = this.#bounds;
    const at = (value, least) => least + (value - AROUND) / this.#scale;
    this.camera.centre({ x: at(event.clientX - left, x0), y: at(event.clientY - top, y0) }, { glide: event.type === "pointerdown" });
  }
}
