// What the paths show, how often or how long, and the sliders that fade what is rare.
import { action } from "../shared/actions.js";
import { address, asked } from "../shared/address.js";
import { carried, OVERLAYS } from "./overlay.js";
import { thinned } from "./hide-rare.js";

const STEP = 5; // percent a key press
const MANY = 12; // sentences on edges: beyond, only those of what is looked at are shown

export function overlays(view) {
  const [select, legend, sliders] = ["overlay", "legend", "sliders"].map((name) => view.part(name));
  let chosen = asked("show") ?? "n";
  let offered = "";

  /** Offer what the picture carries; show what was chosen, where it can be. */
  function offer(drawing) {
    const names = carried(drawing.edges.values());
    if (offered !== names.join()) {
      offered = names.join();
      select.replaceChildren(...names.map((name) => new Option(OVERLAYS[name].name, name)));
      select.closest("label").hidden = names.length < 2;
    }
    const name = names.includes(chosen) ? chosen : (names[0] ?? "n");
    if (select.value !== name) select.value = name;
    view.map.overlay(name);
    view.map.svg.classList.toggle("wordy", name === "said" && drawing.edges.size > MANY);
    legend.classList.toggle("time", OVERLAYS[name].time);
    legend.querySelector("[data-words]").textContent = OVERLAYS[name].time ? "shorter … longer" : "rarer … more often";
    legend.querySelector("[data-scale]").hidden = !names.length || name === "said" || name === "dependency";
    for (const one of legend.querySelectorAll("[data-for]")) one.hidden = !one.dataset.for.split(" ").includes(drawing.kind);
    legend.querySelector("[data-maybe]").hidden = !drawing.maybe;
  }

  select.addEventListener("change", () => {
    chosen = select.value;
    address({ show: chosen === "n" ? null : chosen });
    if (view.shown) offer(view.shown);
  });

  const percent = (name) => Math.min(100, Math.max(0, Number(asked(name) ?? 100) || 0));
  const share = { activities: percent("activities"), paths: percent("paths") };
  const inputs = Object.fromEntries(Object.keys(share).map((name) => [name, sliders.querySelector(`[name=${name}]`)]));
  for (const [name, input] of Object.entries(inputs)) {
    input.value = share[name];
    input.addEventListener("input", () => slide(name, Number(input.value)));
  }

  function slide(name, value) {
    share[name] = Math.min(100, Math.max(0, value));
    inputs[name].value = share[name];
    address({ [name]: share[name] === 100 ? null : share[name] });
    if (view.shown) fade(view.shown);
  }

  const whole = () => share.activities === 100 && share.paths === 100;

  function fade(drawing) {
    const counted = drawing.kind === "graph" && [...drawing.edges.values()].some(({ kind, n }) => kind === "path" && n !== undefined);
    sliders.hidden = !counted;
    const { faint, boxes, ways } = counted ? thinned(drawing, share.activities / 100, share.paths / 100) : { faint: new Set(), boxes: "", ways: "" };
    sliders.querySelector("[data-boxes]").textContent = boxes;
    sliders.querySelector("[data-ways]").textContent = ways;
    view.map.fade(whole() ? new Set() : faint);
  }

  action("fewer", () => slide("paths", share.paths - STEP), "[");
  action("more", () => slide("paths", share.paths + STEP), "]");
  view.on("picture", (drawing, delta) => {
    offer(drawing);
    if (!delta || !whole()) fade(drawing);
  });
  view.on("second", () => view.shown && whole() && fade(view.shown)); // nothing is left out: only its words change
}
