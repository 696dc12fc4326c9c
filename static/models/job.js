// What takes long is a job of the server: ask for it, wait, have its result.
import { api, Refused } from "../shared/api.js";

const [LOOK_MS, LATER_MS] = [200, 2000]; // looks grow rarer the longer it takes
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * `await result("models/1/picture/selection/?…", { progress, signal })`: the result of the job that answers a GET.
 * `progress(part)` hears from 0 to 1; once `signal` is aborted the answer is null. Refused: why there is none.
 */
export async function result(path, { progress = () => {}, signal = null } = {}) {
  let found = await api(path);
  let pause = LOOK_MS;
  while (isJob(found)) {
    if (signal?.aborted) return null;
    if (found.state === "done") return found.result;
    if (found.state !== "queued" && found.state !== "running") throw new Refused({ detail: found.error || "It was cancelled." });
    progress(found.progress);
    await wait(pause);
    pause = Math.min(LATER_MS, 1.4 * pause);
    found = await api(`jobs/${found.id}/`).catch((refused) => (refused.problem.status === 404 ? api(path) : Promise.reject(refused))); // kept for a moment only
  }
  return signal?.aborted ? null : found;
}

const isJob = (found) => "expires_at" in found;
