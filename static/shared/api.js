// The REST API from a page: as the person who is signed in, with errors in words.

const token = () => document.cookie.match(/(?:^|; )procmine_csrf=([^;]+)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/** What the API refuses: `message` is what to tell the person, `problem` the whole answer (RFC 9457). */
export class Refused extends Error {
  constructor(problem) {
    super([problem.detail ?? problem.title, ...(problem.errors ?? []).map(({ detail }) => detail)].join(" "));
    this.problem = problem;
  }
}

/** `await api("models/", { log: "orders" })`: GET without a body, else POST (or `method`); the answer, null for none. */
export async function api(path, body, method = body === undefined ? "GET" : "POST") {
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}`, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), "X-CSRFToken": token() },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused({ title: "The server does not answer. Try again in a moment." });
  }
  const text = await answer.text();
  const found = text && answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : null;
  if (!answer.ok) throw new Refused(found ?? { title: `The server answered ${answer.status}.` });
  return found;
}
