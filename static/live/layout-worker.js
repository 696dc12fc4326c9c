// Layout off the main thread: {id, nodes, edges, known} in, {id, layout} out; without `known` all is laid out anew.
import { extend, tidy } from "./layout-core.js";

const NOTHING = { nodes: {}, edges: {} };

onmessage = ({ data: { id, nodes, edges, known } }) => {
  let layout;
  try {
    layout = known ? extend(nodes, edges, known) : tidy(nodes, edges);
  } catch (error) {
    console.error("The layout failed; boxes are placed one by one instead.", error);
    layout = extend(nodes, edges, NOTHING);
  }
  postMessage({ id, layout });
};
