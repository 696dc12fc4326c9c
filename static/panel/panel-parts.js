// What the parts of the side panel are made of.
import { html } from "../vendor/preact/standalone.module.js";

export const Figures = ({ items }) => html`<dl class="figures">
  ${items.map(([name, value, title]) => html`<div key=${name}><dt>${name}</dt><dd title=${title}>${value}</dd></div>`)}
</dl>`;

export const Head = ({ kind, title, close }) => html`<header>
  <div><p class="kind">${kind}</p><h2>${title}</h2></div>
  <button type="button" class="icon-only" onClick=${close} title="Close (Esc)"><i class="icon x"></i><span class="sr">Close</span></button>
</header>`;
