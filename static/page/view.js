// The state that the parts of the live page share, and the words with which they tell each other that it changed.
import { announce } from "../shared/announce.js";
import { connection, LIVE_HZ, wanted } from "../socket/open.js";
import { ProcessMap } from "../map/map.js";
import { drawing } from "../socket/store.js";

const CATCH_UP_HZ = 1; // while paused: enough to count what waits

/**
 * A part is a function of the view: it listens and draws into its own `view.part(NAME)` (`[data-part=NAME]`).
 *
 *   view.on("picture", (drawing, delta) => …)   another picture is shown; delta null: a whole one
 *   view.on("waiting", () => …)                 another picture of the live log waits: paused, or a source is shown
 *   view.on("source", () => …)                  something else than the live log is shown, or no longer (`take`)
 *   view.on("events", (message) => …)           the newest events, while somebody wants them (`connection.tail`)
 *   view.on("matched", (message) => …)          what rules have matched (matches.js)
 *   view.tell("marks", name, [{at, text, href}])    what happened when, to be marked in the timeline: all of `name`
 *   view.on("followed", () => …)                the server answered which model it sends: view.model
 *   view.on("health" | "state" | "paused" | "pinned" | "second", …)
 *
 * `shown` is the drawing on the screen (store.js; null before the first), `newest` the newest picture of the server,
 * `model` the number of the model that is followed, `wanted` the one that was asked for (null: the log's default one),
 * `health` its last message, `connected` the state of the connection, `pinned` the key of an activity or edge, or null.
 */
export class View {
  #listeners = {};
  #sources = {};

  constructor(page) {
    Object.assign(this, { page, log: page.dataset.log, shown: null, model: null, health: null, pinned: null, paused: false, connected: "connecting" });
    this.wanted = wanted;
    this.connection = connection;
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
    connection.begin({
      picture: (picture, delta) => (this.paused || this.source ? this.tell("waiting") : this.show(picture, delta)),
      events: (message) => this.tell("events", message),
      matches: (message) => this.tell("matched", message),
      health: (message) => this.#now("health", message),
      clock: (at) => (this.clock = at - Date.now()),
      followed: (model) => this.#now("followed", model, "model"),
      state: (name) => this.#now("state", name, "connected"),
    });
    document.addEventListener("visibilitychange", () => this.connection.rest(document.hidden));
    setInterval(() => this.tell("second"), 1000);
    this.page.classList.add("scripted");
  }

  get newest() {
    return this.connection.picture;
  }

  show(picture, delta = null) {
    const before = this.shown;
    this.shown = drawing(picture);
    this.map.show(this.shown, delta?.moves, delta?.moves_omitted);
    this.page.classList.toggle("has-picture", this.shown.nodes.size > 0);
    if (before?.model === this.shown.model && delta) this.#announce(before);
    this.tell("picture", this.shown, delta);
  }

  /** Show another model; what is shown stays until its picture comes. */
  follow(model) {
    this.wanted = model;
    this.connection.follow(model);
  }

  /** What is shown instead of the live log; null: that. */
  get source() {
    return this.#sources.replay ?? this.#sources.filters ?? null;
  }

  /**
   * From now on the source `name` (replay, filters) calls `show`, or, with null, no longer. `words()` of a source says
   * in the header what is shown ({kind, text, icon}; null: as always), `leave()` is called to go back to live.
   */
  take(name, source) {
    const before = this.source;
    this.#sources[name] = source;
    if (before && !this.source && this.newest && !this.paused) this.show(this.newest);
    this.tell("source");
  }

  /** Back to the live log as it is now. Filters stay. */
  live() {
    this.source?.leave?.();
    if (this.paused) this.pause(false);
  }

  pin(key) {
    this.map.attention.pin(key);
  }

  /** Hold the picture, or go on with the newest. */
  pause(paused = !this.paused) {
    this.paused = paused;
    this.connection.rate(paused ? CATCH_UP_HZ : LIVE_HZ);
    if (!paused && this.newest && !this.source) this.show(this.newest);
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
