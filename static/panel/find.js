// Search a case by its id: a field with the cases that match below it.
import { html, render } from "../vendor/preact/standalone.module.js";
import { api } from "../shared/api.js";
import { action } from "../shared/actions.js";

const TYPED_MS = 150;
const MOST = 8;

/** Draws into `view.part("find")`; `choose(name)` is called with the case somebody wants. */
export function find(view, choose) {
  const place = view.part("find");
  let text = "";
  let rows = null; // null: closed
  let active = -1;
  let words = "";
  let timer = null;
  let question = 0;
  let hurry = false; // Enter came before the answer: the first row of it is taken

  async function search() {
    const own = ++question;
    try {
      const { results } = await api(`logs/${view.log}/cases/?page_size=${MOST}${text ? `&search=${encodeURIComponent(text)}` : ""}`);
      if (own !== question) return;
      rows = results;
      words = results.length ? "" : text ? `No case has “${text}” in its name.` : "There is no case yet.";
    } catch (refused) {
      if (own !== question) return;
      [rows, words] = [[], refused.message];
    }
    active = text && rows.length ? 0 : -1;
    if (hurry && rows[active]) take(rows[active]);
    else draw();
    hurry = false;
  }

  function close() {
    clearTimeout(timer);
    question++;
    hurry = false;
    rows = null;
    draw();
  }

  function take(row) {
    const field = place.querySelector("input");
    text = field.value = "";
    close();
    field.blur();
    choose(row.case);
  }

  function keys(event) {
    if (event.key === "Escape") {
      close();
      event.target.blur();
    } else if (event.key === "Enter" && rows?.[active]) take(rows[active]);
    else if (event.key === "Enter" && text) hurry = true;
    else if (rows?.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length;
      draw();
    } else return;
    event.preventDefault();
  }

  function draw() {
    const open = rows !== null;
    const chosen = open && active >= 0 ? `found-${active}` : undefined;
    render(
      html`<input type="search" role="combobox" aria-label="Find a case by its name" placeholder="Find a case" title="Find and follow a case (/)"
          autocomplete="off" spellcheck="false" aria-expanded=${open} aria-controls="found" aria-activedescendant=${chosen} aria-autocomplete="list"
          onFocus=${search} onBlur=${close} onKeyDown=${keys}
          onInput=${(event) => {
            text = event.target.value.trim();
            question++; // what is shown, or under way, answers another text
            active = -1;
            clearTimeout(timer);
            timer = setTimeout(search, TYPED_MS);
          }} />
        <div class="found" hidden=${!open} onMouseDown=${(event) => event.preventDefault()}>
          <ul role="listbox" id="found" aria-label="Cases">
            ${(rows ?? []).map(
              (row, i) => html`<li key=${row.case} id=${`found-${i}`} role="option" aria-selected=${i === active} onClick=${() => take(row)}>
                <span class="name">${row.case}</span><span class="quiet">${row.state === "open" ? "at" : "ended with"} ${row.position.activity}</span>
                ${row.deviations ? html`<span class="wrong"><i class="icon triangle-alert"></i>${row.deviations}<span class="sr"> deviations</span></span>` : null}
              </li>`,
            )}
          </ul>
          ${words ? html`<p class="quiet" role="status">${words}</p>` : null}
        </div>`,
      place,
    );
  }

  action("find", () => place.querySelector("input").focus(), "/");
  draw();
}
