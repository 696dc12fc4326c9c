// Asks the layout worker; one question at a time, the newest wins.

const worker = new Worker(new URL("./layout-worker.js", import.meta.url), { type: "module" });
const waiting = new Map();
let last = 0;

worker.onmessage = ({ data: { id, layout } }) => {
  waiting.get(id)(layout);
  waiting.delete(id);
};

/**
 * The layout of `nodes` and `edges` (see layout-core.js, layout-kinds.js). The boxes of `known`, a layout, keep their
 * places; those of `hand`, {key: [x, y]}, get these.
 */
export function layOut(nodes, edges, { known = null, flow = "down", hand = {} } = {}) {
  return new Promise((resolve) => {
    waiting.set(++last, resolve);
    worker.postMessage({ id: last, nodes, edges, known, flow, hand });
  });
}
