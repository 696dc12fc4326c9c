// The map on the screen as a file that stands alone: all of it, with the colours of the present theme written into it.

const STYLED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
  "opacity", "font-size", "font-weight", "font-family", "text-anchor", "visibility", "display",
];
const MARGIN = 20;
const SCALE = 2; // pixels of a PNG for each of the drawing
const MOST = 8000; // pixels along one side

/** Save `svg` (map.js) as NAME.svg or NAME.png. */
export async function saved(svg, name, form) {
  const { text, width, height } = written(svg);
  const drawn = new Blob([text], { type: "image/svg+xml" });
  offer(form === "svg" ? drawn : await painted(text, width, height), `${name}.${form}`);
}

function written(svg) {
  const world = svg.querySelector(".world");
  const { x, y, width: w, height: h } = world.getBBox();
  const [width, height] = [Math.ceil(w + 2 * MARGIN), Math.ceil(h + 2 * MARGIN)];
  const copy = world.cloneNode(true);
  const all = [world, ...world.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(all[i]);
    if (style.display === "none" || element.classList.contains("hit")) return element.remove();
    for (const property of STYLED) if (property !== "display") element.setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "data-key", "role", "tabindex", "aria-pressed"]) element.removeAttribute(attribute);
  });
  copy.removeAttribute("transform");
  const paper = getComputedStyle(svg.closest(".stage")).backgroundColor;
  const frame = [x - MARGIN, y - MARGIN, width, height].map((value) => value.toFixed(0));
  const root = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  root.setAttribute("viewBox", frame.join(" "));
  root.setAttribute("width", width);
  root.setAttribute("height", height);
  const sheet = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [i, attribute] of ["x", "y", "width", "height"].entries()) sheet.setAttribute(attribute, frame[i]);
  sheet.setAttribute("fill", paper);
  root.append(sheet, copy);
  return { text: new XMLSerializer().serializeToString(root), width, height };
}

async function painted(text, width, height) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(SCALE, MOST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
