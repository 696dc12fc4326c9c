// A dot for each move, on a canvas above the map: it runs along the edge in 0.6 s.

const WAY_MS = 600;
const SPREAD_MS = 90; // the moves of one message do not march in step

export class Dots {
  #dots = [];
  #frame = null;
  #transform = { x: 0, y: 0, k: 1 };

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.shown = 0; // dots so far
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  #resize() {
    this.ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = clientWidth * this.ratio;
    this.canvas.height = clientHeight * this.ratio;
  }

  transform(transform) {
    this.#transform = transform;
  }

  /** Let dots run: {way: sampled as [x, y, x, y, …], chosen: of the case that is followed}. */
  run(dots) {
    if (!dots.length) return;
    const now = performance.now();
    for (const { way, chosen } of dots) this.#dots.push({ way, chosen, from: now + Math.random() * SPREAD_MS });
    this.canvas.dataset.shown = this.shown += dots.length;
    if (this.#frame === null && this.#dots.length) this.#frame = requestAnimationFrame((at) => this.#draw(at));
  }

  clear() {
    this.#dots = [];
  }

  #draw(now) {
    const { context, ratio } = this;
    const { x, y, k } = this.#transform;
    const style = getComputedStyle(this.canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.strokeStyle = style.getPropertyValue("--surface");
    context.lineWidth = 1.5;
    const radius = Math.min(7, Math.max(3, 5 * k));
    this.#dots = this.#dots.filter((dot) => now - dot.from < WAY_MS);
    const [usual, special] = [style.getPropertyValue("--dot"), style.getPropertyValue("--accent")];
    for (const { way, chosen, from } of this.#dots) {
      const part = Math.max(0, now - from) / WAY_MS;
      const eased = part * part * (3 - 2 * part);
      const last = way.length / 2 - 1;
      const index = Math.min(last - 1, Math.floor(eased * last));
      const rest = eased * last - index;
      const px = way[2 * index] + rest * (way[2 * index + 2] - way[2 * index]);
      const py = way[2 * index + 1] + rest * (way[2 * index + 3] - way[2 * index + 1]);
      context.beginPath();
      context.fillStyle = chosen ? special : usual;
      context.arc(x + px * k, y + py * k, chosen ? 1.6 * radius : radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    this.#frame = this.#dots.length ? requestAnimationFrame((at) => this.#draw(at)) : null;
  }
}
