// What is chosen, in the address: a link shows a colleague the same. Each part reads and writes its own names.

export const asked = (name) => new URLSearchParams(location.search).get(name);
export const askedAll = (name) => new URLSearchParams(location.search).getAll(name);

/** `address({ show: "p95_s", model: null })`: those names get these values (a list: several); null takes one away. */
export function address(values) {
  const url = new URL(location);
  for (const [name, value] of Object.entries(values)) {
    url.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== "") url.searchParams.append(name, one);
  }
  history.replaceState(null, "", url);
}
