// Places in rows, moved sideways until the ways through them run straight. Pure.
//
// dagre decides rows and order; its sideways placement lets a chain of boxes drift. Here each place wants to be at the
// weighted median of its neighbours (so the most frequent way becomes a straight line), and each row takes the nearest
// positions that keep order and distance: isotonic regression by pooling adjacent violators (Barlow et al., 1972).

const SWEEPS = 24;

/** `rows` are arrays of places {x, w, up: [[place, weight]], down: […]}, in order; changes their x. */
export function align(rows, gap) {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const sides = sweep >= SWEEPS - 8 ? ["up", "down"] : sweep % 2 ? ["down"] : ["up"];
    const order = sweep % 2 ? [...rows].reverse() : rows;
    for (const row of order) settle(row, gap, sides);
  }
}

function settle(row, gap, sides) {
  let offset = 0;
  const blocks = [];
  const offsets = row.map((place, i) => (offset += i ? (row[i - 1].w + place.w) / 2 + gap : 0));
  row.forEach((place, i) => {
    const near = sides.flatMap((side) => place[side]);
    const pull = near.length ? near.reduce((sum, [, weight]) => sum + weight, 0) : 0.01;
    let block = { sum: pull * ((near.length ? median(near) : place.x) - offsets[i]), pull, count: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).pull >= block.sum / block.pull) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, pull: before.pull + block.pull, count: before.count + block.count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const { sum, pull, count } of blocks) for (const end = i + count; i < end; i++) row[i].x = sum / pull + offsets[i];
}

/** Weighted; between two halves of equal weight their middle. */
function median(near) {
  const sorted = [...near].sort(([a], [b]) => a.x - b.x);
  const half = sorted.reduce((sum, [, weight]) => sum + weight, 0) / 2;
  let sum = 0;
  for (const [i, [place, weight]] of sorted.entries()) {
    sum += weight;
    if (sum === half && sorted[i + 1]) return (place.x + sorted[i + 1][0].x) / 2;
    if (sum >= half) return place.x;
  }
}
