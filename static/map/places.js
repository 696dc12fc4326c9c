// Where a person put boxes by hand: one's own for each model, kept by the server, so that other browsers have them too.
import { api } from "../shared/api.js";
import { announce } from "../shared/announce.js";

const SAVE_MS = 500;

export class Places {
  #known = new Map();
  #timer = new Map();

  constructor() {
    const { model, places } = JSON.parse(document.querySelector("[data-places]").dataset.places); // the page came with these
    this.#known.set(model, Promise.resolve(places));
  }

  /** {key: [x, y]} of a model; empty while the server cannot be asked. */
  async of(model) {
    if (model === null || model === undefined) return {};
    if (!this.#known.has(model)) {
      this.#known.set(model, api(`models/${model}/places/`).then(({ places }) => places, () => ({})));
    }
    return this.#known.get(model);
  }

  async put(model, key, { x, y }) {
    const places = { ...(await this.of(model)), [key]: [Math.round(x), Math.round(y)] };
    this.#known.set(model, Promise.resolve(places));
    clearTimeout(this.#timer.get(model));
    this.#timer.set(model, setTimeout(() => this.#send(model, { places }, "PUT"), SAVE_MS));
  }

  /** All boxes are laid out again. */
  async forget(model) {
    if (model === null || model === undefined || !Object.keys(await this.of(model)).length) return;
    clearTimeout(this.#timer.get(model));
    this.#known.set(model, Promise.resolve({}));
    await this.#send(model, undefined, "DELETE");
  }

  async #send(model, body, method) {
    try {
      await api(`models/${model}/places/`, body, method);
    } catch (refused) {
      announce(`The places of the boxes could not be saved. ${refused.message}`);
    }
  }
}
