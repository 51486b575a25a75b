"use strict";

/** @param {string} id @returns {any} the element, which the page holds */
const at = (id) => document.getElementById(id);

/** What could not be done, in a sentence to be shown. */
class Refusal extends Error {}

/** @param {unknown} error */
const sentenceOf = (error) => (error instanceof Refusal ? error.message : "Something went wrong that nobody foresaw. Please tell IT support.");

/** Changes an attribute only where it differs: the controls are drawn anew for every picture. @param {Element} element @param {string} name @param {unknown} value */
function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** @param {Element} element @param {string} text */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text; // captions are only ever text
}

/** @param {Element} button @param {string} icon @param {string} text */
function relabel(button, icon, text) {
  set(/** @type {Element} */ (button.querySelector("use")), "href", `#icon-${icon}`);
  say(/** @type {Element} */ (button.querySelector("span")), text);
}

/** @param {string} text @param {string} className */
function paragraph(text, className) {
  const element = document.createElement("p");
  element.className = className;
  element.dir = "auto";
  element.textContent = text;
  return element;
}

/** Whether keys are letters just now. @param {EventTarget | null} target */
const isTyping = (target) => target instanceof Element && target.matches("textarea, input:not([type=range], [type=checkbox], [type=radio], [type=file])");

/** What this browser remembers; a browser that forbids it remembers nothing. @param {() => Storage} where */
function memory(where) {
  /** @template T @param {(storage: Storage) => T} act */
  const attempt = (act) => {
    try {
      return act(where());
    } catch {
      return null;
    }
  };
  return {
    /** @param {string} name */
    read: (name) => attempt((storage) => storage.getItem(name)),
    /** @param {string} name @param {string | null} value */
    write: (name, value) => attempt((storage) => (value === null ? storage.removeItem(name) : storage.setItem(name, value))),
  };
}

const preferences = memory(() => localStorage);
const drafts = memory(() => sessionStorage); // gone with the tab: nobody's words stay in a borrowed computer

/**
 * What was not saved yet when the page was left, for the page that follows in the same place after a reload.
 *
 * Chromium forgets the tab's own memory at about one reload in a hundred of a page opened from the disk; it never forgets this.
 */
const leaving = {
  /** @param {string} name @returns {string | null} */
  read: (name) => history.state?.[name] ?? null,
  /** @param {string} name @param {string | null} value */
  write: (name, value) => history.replaceState({ ...history.state, [name]: value }, ""),
};
