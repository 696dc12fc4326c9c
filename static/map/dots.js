// A dot for each move, on a canvas above the map: it runs along the edge in 0.6 s.

const WAY_MS = 600;
const SIZE = 12; // px that a dot takes around its middle, at most
const COLOURS_MS = 1000; // between two looks at the theme
const SPREAD_MS = 90; // the moves of one message do not march in step

export class Dots {
  #dots = [];
  #frame = null;
  #colours = null;
  #lookedAt = -Infinity;
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
    if (now - this.#lookedAt > COLOURS_MS) this.#look(now);
    for (const { way, chosen } of dots) this.#dots.push({ way, chosen, from: now + Math.random() * SPREAD_MS });
    this.canvas.dataset.shown = this.shown += dots.length;
    if (this.#frame === null && this.#dots.length) this.#frame = requestAnimationFrame((at) => this.#draw(at));
  }

  /** The colours of the theme; asked for with every frame they would have all styles worked out each time. */
  #look(now) {
    const style = getComputedStyle(this.canvas);
    const [usual, special, rim] = ["--dot", "--accent", "--surface"].map((name) => style.getPropertyValue(name));
    this.#colours = { usual, special, rim };
    this.#lookedAt = now;
  }

  clear() {
    this.#dots = [];
  }

  #draw(now) {
    const { context, ratio } = this;
    const { x, y, k } = this.#transform;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { usual, special, rim } = this.#colours;
    const [width, height] = [this.canvas.width / ratio, this.canvas.height / ratio];
    context.strokeStyle = rim;
    context.lineWidth = 1.5;
    const radius = Math.min(7, Math.max(3, 5 * k));
    this.#dots = this.#dots.filter((dot) => now - dot.from < WAY_MS);
    for (const { way, chosen, from } of this.#dots) {
      const part = Math.max(0, now - from) / WAY_MS;
      const eased = part * part * (3 - 2 * part);
      const last = way.length / 2 - 1;
      const index = Math.min(last - 1, Math.floor(eased * last));
      const rest = eased * last - index;
      const px = way[2 * index] + rest * (way[2 * index + 2] - way[2 * index]);
      const py = way[2 * index + 1] + rest * (way[2 * index + 3] - way[2 * index + 1]);
      const [sx, sy] = [x + px * k, y + py * k];
      if (sx < -SIZE || sy < -SIZE || sx > width + SIZE || sy > height + SIZE) continue; // not in view
      context.beginPath();
      context.fillStyle = chosen ? special : usual;
      context.arc(sx, sy, chosen ? 1.6 * radius : radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    this.#frame = this.#dots.length ? requestAnimationFrame((at) => this.#draw(at)) : null;
  }
}
