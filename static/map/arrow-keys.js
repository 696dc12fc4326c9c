// Where an arrow key leads from a box of the map. Pure.

const TURNED = { ArrowRight: "ArrowDown", ArrowLeft: "ArrowUp", ArrowDown: "ArrowRight", ArrowUp: "ArrowLeft" };

/**
 * Along the flow the most frequent path, across it the nearest box; undefined where there is none. A drawing that
 * runs down is walked along with ↓ and ↑, one that runs to the right with → and ←.
 */
export function neighbour(here, key, boxes, edges, places, flow = "down") {
  const right = flow === "right" || flow === "nested";
  const arrow = right ? TURNED[key] : key;
  if (arrow === "ArrowDown" || arrow === "ArrowUp") {
    const [own, other] = arrow === "ArrowDown" ? ["s", "t"] : ["t", "s"];
    const ways = edges.filter((edge) => edge[own] === here && edge[other] !== here && boxes.has(edge[other]));
    return ways.sort((a, b) => (b.n ?? 0) - (a.n ?? 0))[0]?.[other];
  }
  if (arrow !== "ArrowLeft" && arrow !== "ArrowRight") return undefined;
  const side = arrow === "ArrowLeft" ? -1 : 1;
  const [across, along] = right ? ["y", "x"] : ["x", "y"];
  const far = (one) => Math.abs(places[one][across] - places[here][across]) + 3 * Math.abs(places[one][along] - places[here][along]);
  return [...boxes]
    .filter((one) => side * (places[one][across] - places[here][across]) > 1)
    .sort((a, b) => far(a) - far(b))[0];
}
