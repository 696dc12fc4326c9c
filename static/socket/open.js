// The connection of the live page: it is opened while the rest of the page's scripts is still on its way.
import { asked } from "../shared/address.js";
import { Connection } from "./connection.js";

export const LIVE_HZ = 10;

/** The number of the model in the address; null: the log's default one. */
export const wanted = /^\d{1,15}$/.test(asked("model") ?? "") ? Number(asked("model")) : null;

const { log } = document.querySelector("[data-live]").dataset;
const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`;
export const connection = new Connection(address, log, { rate_hz: LIVE_HZ, model: wanted });
