"use strict";

const SWITCH = "vigpack.switch";

/**
 * For hands that can press one or two switches only: a mark goes from button to button, and a press chooses.
 *
 * One switch: the mark moves by itself; Space, Enter or a tap beside the buttons chooses. Two switches: Space moves the
 * mark, Enter chooses. The mark is the focus itself, so a screen reader says where it is.
 */
function scanning() {
  let mode = "none";
  let seconds = 2;
  let timer = 0;

  /** The big button of the page first, the ones at the top last. @returns {HTMLElement[]} */
  function buttons() {
    const open = document.querySelector("dialog[open]");
    const rooms = open ? [open] : [...document.querySelectorAll("main, nav, header")];
    const order = ["MAIN", "NAV", "HEADER"];
    rooms.sort((one, other) => order.indexOf(one.tagName) - order.indexOf(other.tagName));
    const all = rooms.flatMap((room) => [.../** @type {NodeListOf<HTMLElement>} */ (room.querySelectorAll("button, label.choice input"))]);
    const usable = all.filter((one) => one.checkVisibility() && one.getAttribute("aria-disabled") !== "true");
    return [...usable.filter((one) => one.matches(".primary")), ...usable.filter((one) => !one.matches(".primary"))];
  }

  const marked = () => buttons().find((one) => one === document.activeElement);

  function moveOn() {
    const all = buttons();
    const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    all[(here + 1) % all.length]?.focus();
  }

  function wait() {
    clearInterval(timer);
    if (mode === "one") timer = setInterval(() => document.hidden || moveOn(), seconds * 1000);
  }

  function choose() {
    wait(); // the mark stays a whole turn, so that the same button can be pressed again
    const one = marked();
    if (one) one.click();
    else moveOn();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (mode === "none" || (event.key !== " " && event.key !== "Enter") || isTyping(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.repeat) return; // a hand that rests on the switch has pressed it once
    if (mode === "two" && event.key === " ") moveOn();
    else choose();
  }

  /** Whether this is a switch that taps: anywhere but on something that is there to be tapped. @param {MouseEvent} event */
  const isSwitch = (event) =>
    mode === "one" && event.isTrusted && event.detail > 0 && // 0: chosen by a key
    !(/** @type {Element} */ (event.target).closest("button, a, input, select, label, textarea"));

  /** @param {MouseEvent} event */
  function onTap(event) {
    if (!isSwitch(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    choose();
  }

  /** @param {string} toMode @param {number} toSeconds */
  function use(toMode, toSeconds) {
    mode = ["one", "two"].includes(toMode) ? toMode : "none";
    seconds = toSeconds >= 0.5 && toSeconds <= 10 ? toSeconds : 2;
    document.documentElement.classList.toggle("scanning", mode !== "none");
    for (const choice of document.getElementsByName("switch")) {
      /** @type {HTMLInputElement} */ (choice).checked = /** @type {HTMLInputElement} */ (choice).value === mode;
    }
    at("switch-seconds").value = String(seconds);
    at("switch-speed").hidden = mode !== "one";
    preferences.write(SWITCH, `${mode} ${seconds}`);
    wait();
  }

  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("mousedown", (event) => isSwitch(event) && event.preventDefault(), { capture: true }); // keeps the mark
  document.addEventListener("click", onTap, { capture: true });
  for (const choice of document.getElementsByName("switch")) {
    choice.addEventListener("change", () => use(/** @type {HTMLInputElement} */ (choice).value, seconds));
  }
  at("switch-seconds").addEventListener("change", () => use(mode, Number(at("switch-seconds").value)));
  const [lastMode = "none", lastSeconds = "2"] = (preferences.read(SWITCH) ?? "").split(" ");
  use(lastMode, Number(lastSeconds));
}
