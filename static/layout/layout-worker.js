// Layout off the main thread: {id, nodes, edges, known, flow, hand} in, {id, layout} out. Without `known` all is laid
// out anew; `hand` are places ({key: [x, y]}) that a person gave to some boxes.
import { extend, moved } from "./extend.js";
import { tidy } from "./layout-core.js";

const NOTHING = { nodes: {}, edges: {} };
const down = (nodes, edges, known) => (known ? extend(nodes, edges, known) : tidy(nodes, edges)); // as a process map is

async function answer({ nodes, edges, known, flow, hand }) {
  const arrange = flow === "down" ? down : (await import("./layout-kinds.js")).arrange;
  const layout = known ?? arrange(nodes, edges, null, flow);
  const begun = moved(layout, edges, hand, known === null);
  return known || begun !== layout ? arrange(nodes, edges, begun, flow) : layout;
}

onmessage = async ({ data: { id, ...question } }) => {
  let layout;
  try {
    layout = await answer(question);
  } catch (error) {
    console.error("The layout failed; boxes are placed one by one instead.", error);
    layout = extend(question.nodes, question.edges, NOTHING);
  }
  postMessage({ id, layout });
};
