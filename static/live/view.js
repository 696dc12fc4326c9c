// The state that the parts of the live page share, and the words with which they tell each other that it changed.
import { announce } from "./announce.js";
import { Connection } from "./connection.js";
import { ProcessMap } from "./map.js";
import { drawing } from "./store.js";

const CATCH_UP_HZ = 1; // while paused: enough to count what waits
const LIVE_HZ = 10;

/**
 * A part is a function of the view: it listens and draws into its own `view.part(NAME)` (`[data-part=NAME]`).
 *
 *   view.on("picture", (drawing, delta) => …)   another picture is shown; delta null: a whole one
 *   view.on("waiting", () => …)                 paused: another picture waits
 *   view.on("health" | "state" | "paused" | "pinned" | "second", …)
 *
 * `shown` is the drawing on the screen (store.js; null before the first), `newest` the newest picture of the server,
 * `health` its last message, `connected` the state of the connection, `pinned` the key of an activity or edge, or null.
 */
export class View {
  #listeners = {};

  constructor(page) {
    Object.assign(this, { page, log: page.dataset.log, shown: null, health: null, pinned: null, paused: false, connected: "connecting" });
    this.clock = Number(page.dataset.now) - Date.now(); // of the server, against ours
    this.map = new ProcessMap(this.part("map"), { pinned: (key) => this.#now("pinned", key) });
  }

  part(name) {
    return this.page.querySelector(`[data-part="${name}"]`);
  }

  on(name, listener) {
    (this.#listeners[name] ??= []).push(listener);
  }

  tell(name, ...what) {
    for (const listener of this.#listeners[name] ?? []) listener(...what);
  }

  /** Begin to follow the log, once all parts listen. */
  begin() {
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`;
    const handlers = {
      picture: (picture, delta) => (this.paused ? this.tell("waiting") : this.show(picture, delta)),
      health: (message) => this.#now("health", message),
      clock: (at) => (this.clock = at - Date.now()),
      state: (name) => this.#now("state", name, "connected"),
    };
    this.connection = new Connection(address, this.log, handlers, { rate_hz: LIVE_HZ });
    document.addEventListener("visibilitychange", () => this.connection.rest(document.hidden));
    setInterval(() => this.tell("second"), 1000);
    this.page.classList.add("scripted");
  }

  get newest() {
    return this.connection?.picture ?? null;
  }

  show(picture, delta = null) {
    const before = this.shown;
    this.shown = drawing(picture);
    this.map.show(this.shown, delta?.moves, delta?.moves_omitted);
    this.page.classList.toggle("has-picture", this.shown.nodes.size > 0);
    if (before && delta) this.#announce(before);
    this.tell("picture", this.shown, delta);
  }

  pin(key) {
    this.map.pin(key);
  }

  /** Hold the picture, or go on with the newest. */
  pause(paused = !this.paused) {
    this.paused = paused;
    this.connection.rate(paused ? CATCH_UP_HZ : LIVE_HZ);
    if (!paused && this.newest) this.show(this.newest);
    this.tell("paused");
  }

  #now(name, value, field = name) {
    this[field] = value;
    this.tell(name);
  }

  #announce(before) {
    const fresh = [...this.shown.nodes.values()].filter(({ key, kind }) => kind === "activity" && !before.nodes.has(key));
    if (fresh.length) announce(`New ${fresh.length === 1 ? "activity" : "activities"}: ${fresh.map(({ label }) => label).join(", ")}.`);
  }
}
