// What the paths show: how often, or how long.
import { address, asked } from "./address.js";
import { OVERLAYS } from "./overlay.js";

export function overlays(view) {
  const [select, legend] = ["overlay", "legend"].map((name) => view.part(name));

  function choose(wanted) {
    const name = wanted in OVERLAYS ? wanted : "n";
    view.map.overlay(name);
    select.value = name;
    legend.classList.toggle("time", OVERLAYS[name].time);
    legend.querySelector("[data-words]").textContent = OVERLAYS[name].time ? "shorter … longer" : "rarer … more often";
    address({ show: name === "n" ? null : name });
  }

  select.addEventListener("change", () => choose(select.value));
  choose(asked("show") ?? "n");
}
