// What a person looks at on the map: hovered, pinned, or the case that is followed. It is lit, the rest dimmed.

export class Attention {
  hovered = null;
  pinned = null;
  trail = null;

  /** Of the marks `drawn` in `svg`; `chosen(key or null)` is called when one is pinned. */
  constructor(svg, drawn, chosen) {
    Object.assign(this, { svg, drawn, chosen });
    const keyOf = (event) => event.target.closest?.("[data-key]")?.dataset.key ?? null;
    svg.addEventListener("pointerover", (event) => this.#hover(keyOf(event)));
    svg.addEventListener("pointerleave", () => this.#hover(null));
    svg.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && this.#hover(keyOf(event)));
    svg.addEventListener("focusout", () => this.#hover(null));
    svg.addEventListener("click", (event) => this.pin(keyOf(event)));
  }

  get any() {
    return this.hovered !== null || this.pinned !== null || this.trail !== null;
  }

  pin(key) {
    this.pinned = key;
    this.show();
    this.chosen(key);
  }

  /** Light the way of a case: {case, lit, wrong, here} (follow.js); null: none any more. */
  follow(trail) {
    this.trail = trail;
    this.svg.classList.toggle("following", trail !== null);
    this.drawn.follow(trail);
    this.#light();
  }

  /** What is pinned shows on the marks that are there now. */
  show() {
    this.drawn.choose(this.pinned);
    this.#light();
  }

  #hover(key) {
    if (key === this.hovered) return;
    this.hovered = key;
    this.drawn.tell(key);
    this.#light();
  }

  /** What belongs to the activity or edge in view, or to the case that is followed, stays; the rest is dimmed. */
  #light() {
    const { drawn } = this;
    const lit = drawn.around(this.hovered) ?? drawn.around(this.pinned) ?? this.trail?.lit ?? null;
    this.svg.classList.toggle("dim", lit !== null);
    drawn.light(lit);
  }
}
