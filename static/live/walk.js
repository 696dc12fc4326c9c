// Where an arrow key leads from a box of the map. Pure.

/** Up and down along the most frequent path, left and right to the nearest box; undefined where there is none. */
export function neighbour(here, arrow, boxes, edges, places) {
  if (arrow === "ArrowDown" || arrow === "ArrowUp") {
    const [own, other] = arrow === "ArrowDown" ? ["s", "t"] : ["t", "s"];
    const ways = edges.filter((edge) => edge[own] === here && edge[other] !== here && boxes.has(edge[other]));
    return ways.sort((a, b) => b.n - a.n)[0]?.[other];
  }
  if (arrow !== "ArrowLeft" && arrow !== "ArrowRight") return undefined;
  const side = arrow === "ArrowLeft" ? -1 : 1;
  const far = (key) => Math.abs(places[key].x - places[here].x) + 3 * Math.abs(places[key].y - places[here].y);
  return [...boxes]
    .filter((key) => side * (places[key].x - places[here].x) > 1)
    .sort((a, b) => far(a) - far(b))[0];
}
