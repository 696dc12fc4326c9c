// Layout off the main thread: {id, nodes, edges, known, flow, hand} in, {id, layout} out. Without `known` all is laid
// out anew; `hand` are places ({key: [x, y]}) that a person gave to some boxes.
import { extend, moved } from "./extend.js";
import { arrange } from "./layout-kinds.js";

const NOTHING = { nodes: {}, edges: {} };

function answer({ nodes, edges, known, flow, hand }) {
  const layout = known ?? arrange(nodes, edges, null, flow);
  const begun = moved(layout, edges, hand, known === null);
  return known || begun !== layout ? arrange(nodes, edges, begun, flow) : layout;
}

onmessage = ({ data: { id, ...question } }) => {
  let layout;
  try {
    layout = answer(question);
  } catch (error) {
    console.error("The layout failed; boxes are placed one by one instead.", error);
    layout = extend(question.nodes, question.edges, NOTHING);
  }
  postMessage({ id, layout });
};
