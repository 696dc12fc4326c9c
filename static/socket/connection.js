// One socket to the server that outlives restarts: subscribes, acknowledges, resumes, reconnects. Knows no screen.
import { applyDelta, fromSnapshot } from "./store.js";

const DEAD_S = 45; // the server says something every 15 s
const LONGEST_S = 30;
const ALWAYS = ["model", "moves", "health", "matches"];
const FINAL = { 4401: "signed-out", 4403: "forbidden" };

/** Seconds to wait before attempt `n` (0, 1, …): 1, 2, 4 … 30, each up to a fifth shorter, so that crowds spread. */
export const backoff = (n, random = Math.random()) => Math.min(LONGEST_S, 2 ** n) * (1 - 0.2 * random);

/**
 * `begin(handlers)`: picture(picture, delta or null), health(message), events(message), matches(message),
 * state(name, detail), clock(server time in ms), followed(model, or null where there is no such model of this log).
 * Pictures carry the number of their `model`.
 * States: connecting, live, reconnecting, signed-out, forbidden, missing.
 */
export class Connection {
  #socket = null;
  #attempt = 0;
  #retry = null;
  #sub = null;
  #resyncing = false;
  #paused = false;
  #openedAt = 0;
  #asked = 0; // number of the newest request to subscribe
  #model; // to follow; null: the log's default
  #rate;
  #include = ALWAYS;
  #handlers = null;
  #untold = []; // what was heard before there were handlers

  constructor(url, log, { rate_hz = 10, model = null } = {}) {
    Object.assign(this, { url, log, picture: null, heardAt: Date.now() });
    this.#rate = rate_hz;
    this.#model = model;
    setInterval(() => this.#watch(), 5000);
    addEventListener("online", () => this.#socket === null && this.#reconnect(0));
    this.#open();
  }

  begin(handlers) {
    this.#handlers = handlers;
    for (const [name, ...what] of this.#untold.splice(0)) handlers[name](...what);
  }

  #tell(...news) {
    this.#untold.push(news);
    if (this.#handlers) this.begin(this.#handlers);
  }

  /** Fewer or more deltas a second. */
  rate(rate_hz) {
    this.#rate = rate_hz;
    if (this.#sub !== null) this.#send({ type: "configure", sub: this.#sub, rate_hz });
  }

  /** Send the newest events too, or no longer. */
  tail(wanted) {
    this.#include = [...ALWAYS, ...(wanted ? ["events"] : [])];
    if (this.#sub !== null) this.#send({ type: "configure", sub: this.#sub, include: this.#include });
  }

  /** No deltas at all for a while (nobody looks); one delta catches up afterwards. */
  rest(paused) {
    this.#paused = paused;
    if (this.#sub !== null) this.#send({ type: "configure", sub: this.#sub, paused });
  }

  /** Another model of the log (null: the default one). The old picture stays until the new one comes. */
  follow(model) {
    this.#model = model;
    if (this.#socket?.readyState !== WebSocket.OPEN) return; // it is asked for once it is
    if (this.#sub !== null) this.#send({ type: "unsubscribe", sub: this.#sub });
    this.#sub = null;
    this.#subscribe();
  }

  #open() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#sub = null;
    this.#resyncing = false;
    const socket = new WebSocket(this.url, ["procmine.v1"]);
    this.#socket = socket;
    this.#openedAt = Date.now();
    socket.onopen = () => this.#subscribe();
    socket.onmessage = (event) => {
      this.heardAt = Date.now();
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    };
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  #subscribe() {
    const message = {
      id: ++this.#asked, type: "subscribe", log: this.log, include: this.#include, rate_hz: this.#rate,
    };
    if (this.#model !== null) message.model = this.#model;
    if (this.picture && (this.#model ?? this.followed) === this.picture.model) message.resume = { epoch: this.picture.epoch, version: this.picture.version };
    this.#send(message);
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(message) {
    const own = message.sub === this.#sub;
    if (message.type === "result" && message.id === this.#asked) this.#subscribed(message);
    else if (message.type === "heartbeat") this.#tell("clock", Date.parse(message.at));
    else if (message.type === "health" && own) this.#tell("health", message);
    else if ((message.type === "events" || message.type === "matches") && own) this.#rows(message);
    else if (message.type === "snapshot" && own) this.#show(fromSnapshot(message), null);
    else if (message.type === "delta" && own) this.#continue(message);
    else if (message.type === "ended" && own) this.#subscribe();
  }

  #rows(message) {
    this.#tell(message.type, message);
    this.#send({ type: "ack", sub: this.#sub, [message.type]: message.upto });
  }

  #subscribed(message) {
    if (!message.ok && message.problem.status === 404 && this.#model !== null) {
      this.#tell("followed", null);
      this.follow(null); // the log itself may be gone, too: then this ends
      return;
    }
    if (!message.ok) {
      this.#stop(message.problem.status === 404 ? "missing" : "forbidden", message.problem.detail);
      return;
    }
    this.#attempt = 0;
    this.#sub = message.sub;
    this.followed = message.model ?? null;
    this.#tell("followed", this.followed);
    if (this.#paused) this.rest(true);
    this.#tell("state", "live");
  }

  #continue(delta) {
    const next = applyDelta(this.picture, delta);
    if (next !== null) this.#show(next, delta);
    else if (this.picture?.epoch === delta.epoch && delta.version <= this.picture.version) this.#ack(delta.version);
    else if (!this.#resyncing) {
      this.#resyncing = true; // keep showing the old picture; never reconnect to repair
      this.#send({ type: "resync", sub: this.#sub });
    }
  }

  #show(picture, delta) {
    this.#resyncing = false;
    picture.model = this.followed;
    this.picture = picture;
    this.#tell("picture", picture, delta);
    this.#ack(picture.version);
  }

  #ack(version) {
    this.#send({ type: "ack", sub: this.#sub, version });
  }

  #watch() {
    const silent_s = (Date.now() - Math.max(this.heardAt, this.#openedAt)) / 1000;
    if (this.#socket === null) return;
    if (silent_s > DEAD_S) {
      this.#socket.close();
      this.#closed(1006);
    } else if (silent_s > DEAD_S / 2) this.#send({ type: "ping" });
  }

  #closed(code) {
    this.#socket = null;
    this.#sub = null;
    if (FINAL[code]) this.#stop(FINAL[code]);
    else this.#reconnect(code === 1012 ? 0 : code === 1013 || code === 4429 ? LONGEST_S : backoff(this.#attempt++));
  }

  #reconnect(wait_s) {
    clearTimeout(this.#retry);
    this.#tell("state", "reconnecting");
    this.#retry = setTimeout(() => this.#open(), wait_s * 1000);
  }

  #stop(state, detail) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#tell("state", state, detail);
  }
}
