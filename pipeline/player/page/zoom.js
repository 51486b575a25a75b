"use strict";

const CLOSEST = 4; // a clip has 720 lines: nearer than this there is nothing more to see
const CLOSER = 1.5;
const PUSH = 0.2; // of the window's size
const TAP_PX = 8; // a finger that moves less has tapped

/**
 * Looking closer at a picture: by two fingers, a wheel, a drag, or what `closer`, `farther` and `push` are bound to.
 *
 * The picture is only moved and scaled by the browser's compositor; nothing is copied. `changed` is called whenever how
 * close one looks has changed.
 *
 * @param {HTMLElement} frame the window that the picture is seen through
 * @param {(HTMLElement | SVGElement)[]} layers the picture and what lies over it, each as large as the window
 * @param {() => void} changed
 */
function lookingCloser(frame, layers, changed) {
  let scale = 1;
  let x = 0; // where the picture's left edge is, in widths of the window: 0 to 1 - scale
  let y = 0;
  /** @type {Map<number, PointerEvent>} */
  const fingers = new Map();
  let wandered = 0; // how far the fingers have moved since the first came down
  let pinched = false;

  /** @param {number} value */
  const inside = (value) => Math.min(0, Math.max(1 - scale, value));

  /** @param {number} toScale @param {number} toX @param {number} toY */
  function place(toScale, toX, toY) {
    scale = Math.min(CLOSEST, Math.max(1, toScale));
    x = inside(toX);
    y = inside(toY);
    const moved = scale === 1 ? "" : `translate(${x * 100}%, ${y * 100}%) scale(${scale})`;
    for (const layer of layers) layer.style.transform = moved;
    frame.classList.toggle("close", scale > 1);
    changed();
  }

  /** @param {number} by @param {number} atX @param {number} atY the place in the window that stays where it is */
  function zoom(by, atX = 0.5, atY = 0.5) {
    const to = Math.min(CLOSEST, Math.max(1, scale * by));
    place(to, atX - ((atX - x) * to) / scale, atY - ((atY - y) * to) / scale);
  }

  /** @param {number} clientX @param {number} clientY */
  function placeOf(clientX, clientY) {
    const box = frame.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  }

  /** @param {PointerEvent} event */
  function down(event) {
    if (event.isPrimary) {
      fingers.clear(); // the first finger: whatever was thought of others is over
      wandered = 0;
      pinched = false;
    }
    fingers.set(event.pointerId, event);
    pinched ||= fingers.size > 1;
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    wandered += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    const [other] = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
    const [toX = 0, toY = 0] = placeOf(event.clientX, event.clientY);
    const [fromX = 0, fromY = 0] = placeOf(before.clientX, before.clientY);
    if (other) {
      const apart = (/** @type {PointerEvent} */ finger) =>
        Math.max(1, Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY));
      const [otherX = 0, otherY = 0] = placeOf(other.clientX, other.clientY);
      zoom(apart(event) / apart(before), (toX + otherX) / 2, (toY + otherY) / 2);
      place(scale, x + (toX - fromX) / 2, y + (toY - fromY) / 2);
    } else if (scale > 1 && wandered > TAP_PX) {
      place(scale, x + toX - fromX, y + toY - fromY);
    }
    fingers.set(event.pointerId, event);
  }

  /** @param {PointerEvent} event */
  const up = (event) => fingers.delete(event.pointerId);

  /** @param {WheelEvent} event */
  function wheel(event) {
    const page = document.documentElement;
    if (!event.ctrlKey && page.scrollHeight > page.clientHeight + 1) return; // it scrolls the page; Ctrl or a pinch zooms
    event.preventDefault();
    const [atX, atY] = placeOf(event.clientX, event.clientY);
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), atX, atY);
  }

  frame.addEventListener("pointerdown", down);
  frame.addEventListener("pointermove", move);
  for (const event of /** @type {const} */ (["pointerup", "pointercancel", "pointerleave"])) frame.addEventListener(event, up);
  frame.addEventListener("wheel", wheel, { passive: false });
  frame.addEventListener("dragstart", (event) => event.preventDefault());

  return {
    get isClose() { return scale > 1; },
    get isClosest() { return scale >= CLOSEST; },
    /** Whether what the fingers just did was more than a tap. */
    get wasMoved() { return pinched || wandered > TAP_PX; },
    closer: () => zoom(CLOSER),
    farther: () => zoom(1 / CLOSER),
    whole: () => place(1, 0, 0),
    /** @param {number} right @param {number} down to look that way, each -1, 0 or 1 */
    push: (right, down) => place(scale, x - right * PUSH, y - down * PUSH),
  };
}
