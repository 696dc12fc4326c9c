// Boxes moved by hand, with mouse or pen; a finger moves the map.

const BEGINS = 4; // px from which on it is no click

/** `move(key, dx, dy)` for each step, in px of the screen since it began; `drop(key)` in the end. */
export function drag(svg, { may, move, drop }) {
  let held = null;

  svg.addEventListener("pointerdown", (event) => {
    const key = event.target.closest(".node")?.dataset.key;
    if (key === undefined || event.button || event.pointerType === "touch" || !may()) return;
    held = { key, x: event.clientX, y: event.clientY, moved: false };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    if (!(event.buttons & 1)) return end(); // let go elsewhere
    const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
    if (!held.moved && Math.hypot(dx, dy) < BEGINS) return;
    if (!held.moved) svg.setPointerCapture(event.pointerId);
    held.moved = true;
    svg.classList.add("dragging");
    move(held.key, dx, dy);
  });
  svg.addEventListener("pointerup", () => end());
  svg.addEventListener("pointercancel", () => end());

  function end() {
    const { key, moved } = held ?? {};
    held = null;
    if (!moved) return;
    svg.classList.remove("dragging");
    // the click that follows chooses nothing
    const stop = (event) => event.stopPropagation();
    svg.addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => svg.removeEventListener("click", stop, { capture: true }), 0);
    drop(key);
  }
}
