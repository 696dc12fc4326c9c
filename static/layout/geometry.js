// Curves through points, and what is derived from them. Pure; used by the layout worker and by tests.

const SAMPLES = 32;
const ARROW = 8; // length of an arrow head

/** Cubic pieces through points whose y only rises or only falls: no overshoot, vertical at both ends. */
function pieces(points) {
  const slope = points.map(([x, y], i) => {
    if (i === 0 || i === points.length - 1) return 0;
    const [h0, h1] = [y - points[i - 1][1], points[i + 1][1] - y];
    if (h0 === 0 || h1 === 0) return 0;
    const [s0, s1] = [(x - points[i - 1][0]) / h0, (points[i + 1][0] - x) / h1];
    const p = (s0 * h1 + s1 * h0) / (h0 + h1);
    return (Math.sign(s0) + Math.sign(s1)) * Math.min(Math.abs(s0), Math.abs(s1), Math.abs(p) / 2) || 0;
  });
  return points.slice(1).map(([x1, y1], i) => {
    const [x0, y0] = points[i];
    const half = (y1 - y0) / 2;
    return [x0, y0, x0 + half * slope[i], y0 + half, x1 - half * slope[i + 1], y1 - half, x1, y1];
  });
}

const fix = (value) => +value.toFixed(1);

export const pathOf = (cubics) =>
  cubics.map((c, i) => `${i ? "" : `M${fix(c[0])} ${fix(c[1])}`}C${c.slice(2).map(fix).join(" ")}`).join("");

function at(c, t) {
  const u = 1 - t;
  const [a, b, d, e] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [a * c[0] + b * c[2] + d * c[4] + e * c[6], a * c[1] + b * c[3] + d * c[5] + e * c[7]];
}

/** Points at equal distances along the pieces, as [x, y, x, y, …]: where a dot is at k ÷ SAMPLES of its way. */
export function sample(cubics, count = SAMPLES) {
  const fine = cubics.flatMap((c) => Array.from({ length: 16 }, (_, i) => at(c, i / 16)));
  fine.push(cubics.at(-1).slice(6));
  const far = [0];
  for (let i = 1; i < fine.length; i++) far.push(far[i - 1] + Math.hypot(fine[i][0] - fine[i - 1][0], fine[i][1] - fine[i - 1][1]));
  const result = [];
  for (let k = 0, i = 1; k <= count; k++) {
    const goal = (far.at(-1) * k) / count;
    while (i < fine.length - 1 && far[i] < goal) i++;
    const part = far[i] > far[i - 1] ? (goal - far[i - 1]) / (far[i] - far[i - 1]) : 0;
    result.push(fix(fine[i - 1][0] + part * (fine[i][0] - fine[i - 1][0])), fix(fine[i - 1][1] + part * (fine[i][1] - fine[i - 1][1])));
  }
  return result;
}

const arrow = (x, y, dx, dy) => {
  const [bx, by, px, py] = [x - dx * (ARROW + 1), y - dy * (ARROW + 1), dy * 4.5, -dx * 4.5];
  return `M${fix(x - dx)} ${fix(y - dy)}L${fix(bx + px)} ${fix(by + py)}L${fix(bx - px)} ${fix(by - py)}Z`;
};

/** An edge through points that run up or down, from box to box: path, arrow head, samples. */
export function edge(points) {
  const [x, y] = points.at(-1);
  const down = Math.sign(y - points.at(-2)[1]) || 1;
  const cubics = pieces([...points.slice(0, -1), [x, y - down * ARROW]]);
  return { d: pathOf(cubics), arrow: arrow(x, y, 0, down), samples: sample(cubics) };
}

/** An edge as one free cubic, entering its target vertically (`down` 1 or −1). */
export function bow(cubic, down) {
  const [x, y] = cubic.slice(6);
  const shaft = [...cubic.slice(0, 6), x, y - down * ARROW];
  return { d: pathOf([shaft]), arrow: arrow(x, y, 0, down), samples: sample([shaft]) };
}

/** A self-loop at the right side of a box. */
export function loop(box) {
  const right = box.x + box.w / 2;
  const [top, bottom] = [box.y - 7, box.y + 7];
  const cubics = [[right, top, right + 26, top - 14, right + 26, bottom + 14, right + ARROW, bottom]];
  return { d: pathOf(cubics), arrow: arrow(right, bottom, -1, 0), samples: sample(cubics), label: { x: right + 48, y: box.y } };
}

/** Does a sampled edge run through a box (its own two excepted by the caller)? */
export function crosses(samples, box, margin = 2) {
  const [hw, hh] = [box.w / 2 + margin, box.h / 2 + margin];
  let [ax, ay] = [samples[0] - box.x, samples[1] - box.y];
  for (let i = 2; i < samples.length; i += 2) {
    const [bx, by] = [samples[i] - box.x, samples[i + 1] - box.y];
    const aside = (ax < -hw && bx < -hw) || (ax > hw && bx > hw) || (ay < -hh && by < -hh) || (ay > hh && by > hh);
    if (!aside && !oneSide(ax, ay, bx - ax, by - ay, hw, hh)) return true;
    [ax, ay] = [bx, by];
  }
  return false;
}

/** Are all corners of a box around the origin on the same side of the line through (x, y) along (dx, dy)? */
function oneSide(x, y, dx, dy, hw, hh) {
  const reach = Math.abs(dx) * hh + Math.abs(dy) * hw;
  return Math.abs(dx * y - dy * x) > reach;
}

export const overlap = (a, b, margin) =>
  Math.abs(a.x - b.x) < (a.w + b.w) / 2 + margin && Math.abs(a.y - b.y) < (a.h + b.h) / 2 + margin;
