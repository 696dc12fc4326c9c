// Files of what is shown: the picture as it is on the screen, the model for other tools, the events behind it.
import { html, render } from "../vendor/preact/standalone.module.js";

const FORMS = { bpmn: "BPMN", pnml: "PNML (Petri net)", ptml: "PTML (process tree)", dot: "DOT (Graphviz)", json: "JSON" };
const OWN = { bpmn: "bpmn", "process-tree": "ptml" };
const NETS = ["petri-net", "process-tree", "bpmn", "powl"]; // kinds that stand for a Petri net

async function saved({ svg, drawn }, ...file) {
  drawn.tell(...drawn.nodes.keys(), ...drawn.edges.keys()); // what the pointer reads, a file tells of all
  (await import("./picture-file.js")).saved(svg, ...file);
}

export function downloads(view) {
  const menu = view.part("downloads");
  const list = menu.querySelector("ul");

  function draw() {
    const { kind, model } = view.shown ?? {};
    const forms = Object.keys(FORMS).filter((form) => !(form in { bpmn: 1, ptml: 1, pnml: 1 }) || OWN[kind] === form || (form === "pnml" && NETS.includes(kind)));
    const log = encodeURIComponent(view.log);
    const name = `${view.log}-${kind}`;
    render(
      html`${kind
          ? html`<li><h3>Picture</h3></li>
              <li><button type="button" onClick=${() => saved(view.map, name, "svg")}>SVG, as shown</button></li>
              <li><button type="button" onClick=${() => saved(view.map, name, "png")}>PNG, as shown</button></li>`
          : null}
        ${model !== undefined && model !== null
          ? html`<li><h3>Model</h3></li>${forms.map((form) => html`<li key=${form}><a href="/api/v1/models/${model}/export/?as=${form}" download>${FORMS[form]}</a></li>`)}`
          : null}
        <li><h3>Events</h3></li>
        <li><a href="/api/v1/logs/${log}/export/?as=xes" download>XES</a></li>
        <li><a href="/api/v1/logs/${log}/export/?as=csv" download>CSV</a></li>`,
      list,
    );
  }

  const opened = () => menu.open && draw();

  list.replaceChildren();
  opened();
  menu.addEventListener("toggle", opened);
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
}
