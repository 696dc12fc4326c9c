// Past time played on the same map: pieces of it come from the server as a picture and deltas (picture/replay/).
import { result } from "../models/job.js";
import { clock, iso } from "../shared/moments.js";
import { applyDelta, fromSnapshot } from "../socket/store.js";

const PIECE_S = 30; // of playing in one piece
const FRAMES = 240; // in it: 8 a second
const TICK_MS = 50;
export const SPEEDS = [1, 10, 60, 300, 1000];

/**
 * Plays `from` to `to` (ms, by arrival) of a model. `handlers`: show(picture, delta or null), changed().
 * It can be told to `play()`, `hold()`, `seek(ms)`, `pace(speed)` and `end()`; `at`, `playing`, `loading`, `error` say
 * how it stands.
 */
export class Replay {
  #pieces = new Map(); // begin → promise of {from, to, picture, frames}
  #piece = null;
  #next = 0; // frame of the piece to be shown next
  #picture = null;
  #timer = null;
  #ended = new AbortController();
  #tickedAt = 0;
  #wish = 0; // numbers the seeks: one that was overtaken shows nothing

  constructor(model, { from, to, speed }, handlers) {
    Object.assign(this, { model, from, to, speed, at: from, handlers, playing: false, loading: true, error: "" });
  }

  get seq() {
    return this.#picture?.seq ?? 0;
  }

  /** "Replay 10:02:13 at 60×" */
  words() {
    const state = this.error ? "stopped" : this.loading ? "loading" : this.at >= this.to ? "at its end" : this.playing ? null : "paused";
    return `Replay ${clock(this.at)}${state ? `, ${state}` : ` at ${this.speed.toLocaleString("en-GB")}×`}`;
  }

  play() {
    if (this.at >= this.to) this.seek(this.from);
    this.playing = true;
    this.#tickedAt = performance.now();
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.handlers.changed();
  }

  hold() {
    this.playing = false;
    clearInterval(this.#timer);
    this.#timer = null;
    this.handlers.changed();
  }

  pace(speed) {
    this.speed = speed;
    this.#pieces.clear(); // others are as long as this speed needs
    this.seek(this.at);
  }

  end() {
    this.#ended.abort();
    this.hold();
  }

  /** Show the model as it was at a moment. */
  async seek(ms) {
    const wish = ++this.#wish;
    this.at = Math.min(this.to, Math.max(this.from, ms));
    const begin = this.#begin(this.at);
    this.loading = true;
    this.error = "";
    this.handlers.changed();
    try {
      const piece = await this.#load(begin);
      if (wish !== this.#wish || !piece) return;
      this.#piece = piece;
      [this.#next, this.#picture] = [0, piece.picture];
      this.#advance();
      this.loading = false;
      this.#tickedAt = performance.now();
      this.handlers.show(this.#picture, null);
      if (piece.to < this.to) this.#load(piece.to).catch(() => {}); // said when it is needed
    } catch (refused) {
      if (wish !== this.#wish) return;
      this.#pieces.delete(begin);
      [this.loading, this.error] = [false, refused.message];
      this.hold();
    }
    this.handlers.changed();
  }

  // --- pieces -------------------------------------------------------------------------

  #begin(at) {
    const length = 1000 * PIECE_S * this.speed;
    const last = this.from + length * Math.max(0, Math.ceil((this.to - this.from) / length) - 1);
    return Math.min(last, this.from + length * Math.floor((at - this.from) / length));
  }

  #load(from) {
    if (!this.#pieces.has(from)) {
      const to = Math.min(this.to, from + 1000 * PIECE_S * this.speed);
      const query = new URLSearchParams({ a: iso(from), b: iso(to), frames: FRAMES });
      const loaded = result(`models/${this.model}/picture/replay/?${query}`, { signal: this.#ended.signal }).then(
        (told) => told && { from, to, picture: { ...fromSnapshot(told.picture), model: this.model }, frames: told.frames.map((delta) => ({ delta, at: Date.parse(delta.at) })) },
      );
      this.#pieces.set(from, loaded);
    }
    return this.#pieces.get(from);
  }

  // --- playing ------------------------------------------------------------------------

  #tick() {
    const now = performance.now();
    const passed = now - this.#tickedAt;
    this.#tickedAt = now;
    if (this.loading || !this.#piece) return;
    this.at = Math.min(this.to, this.at + passed * this.speed);
    if (this.at > this.#piece.to || (this.at === this.to && this.#piece.to < this.to)) {
      this.seek(this.at); // the next piece; mostly it is here
      return;
    }
    const delta = this.#advance();
    if (delta) this.handlers.show(this.#picture, delta);
    if (this.at >= this.to) this.hold();
    else this.handlers.changed();
  }

  /** Apply the frames until now; the moves that they bring, or null. */
  #advance() {
    const { frames } = this.#piece;
    const moves = [];
    let omitted = 0;
    let any = false;
    for (; this.#next < frames.length && frames[this.#next].at <= this.at; this.#next++) {
      const { delta } = frames[this.#next];
      this.#picture = { ...applyDelta(this.#picture, delta), model: this.model };
      moves.push(...delta.moves);
      omitted += delta.moves_omitted;
      any = true;
    }
    return any ? { moves, moves_omitted: omitted } : null;
  }
}
