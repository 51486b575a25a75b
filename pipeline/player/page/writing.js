"use strict";

/** @type {{ name: keyof Words, kind: string, asks: string }[]} */
const CLOSING_CARDS = [
  { name: "strengths", kind: "Strengths", asks: "What already works?" },
  { name: "working_points", kind: "Working points", asks: "What do we want to build on?" },
  { name: "plan", kind: "Our next plan", asks: "What will we try until next time?" },
];
const MOST_LINES = 20;
const LONGEST_LINE = 500;

/** @param {string} text one idea a line */
const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** Both people's words, each idea once. @param {Words} one @param {Words} other @returns {Words} */
function bothOf(one, other) {
  /** @param {keyof Words} name */
  const both = (name) => [...new Set([...one[name], ...other[name]])];
  return { strengths: both("strengths"), working_points: both("working_points"), plan: both("plan") };
}

/**
 * The closing cards, which can be written on, and what was written since it was last saved.
 *
 * What is not saved yet outlives a reload of the page, and the browser asks before it closes it.
 *
 * @param {Review} review
 * @param {Source} source
 */
function closingCards(review, source) {
  const draft = `vigpack.words.${review.review}`;
  /** @type {Words} */
  let saved;
  let saving = false;

  /** @param {keyof Words} name @returns {HTMLTextAreaElement} */
  const field = (name) => at(`words-${name}`);

  /** @returns {Words} */
  const words = () => ({
    strengths: linesOf(field("strengths").value),
    working_points: linesOf(field("working_points").value),
    plan: linesOf(field("plan").value),
  });

  /** @param {Words} text */
  function write(text) {
    for (const { name } of CLOSING_CARDS) field(name).value = text[name].join("\n");
  }

  const isSaved = () => JSON.stringify(words()) === JSON.stringify(saved);

  /** @param {string} text */
  const tell = (text) => say(at("saved"), text);

  const unsaved = () => (isSaved() ? null : JSON.stringify(words()));

  function keep() {
    drafts.write(draft, unsaved());
    tell(isSaved() ? "" : "Not saved yet.");
  }

  function tooMuch() {
    for (const { name, kind } of CLOSING_CARDS) {
      const lines = words()[name];
      if (lines.length > MOST_LINES) return `${kind}: up to ${MOST_LINES} lines can be saved; there are ${lines.length}.`;
      if (lines.some((line) => line.length > LONGEST_LINE)) return `${kind}: a line can have up to ${LONGEST_LINE} letters. Please break the long one.`;
    }
    return "";
  }

  /** @param {boolean} over whether to write over what somebody else has saved */
  async function save(over) {
    const wanted = words();
    const objection = tooMuch();
    if (saving || objection) return tell(objection);
    saving = true;
    at("clash").hidden = true;
    tell("Saving …");
    try {
      const { told, others } = await source.save(review.review, wanted, over);
      if (others) return clash(told, others);
      saved = wanted;
      keep();
      tell(told);
    } catch (error) {
      tell(`Not saved. ${sentenceOf(error)} What you wrote is still here.`);
      if (!(error instanceof Refusal)) throw error;
    } finally {
      saving = false;
    }
  }

  /** @param {string} told @param {Words} others */
  function clash(told, others) {
    tell("Not saved yet.");
    say(at("clash-told"), told);
    at("clash").hidden = false;
    at("clash-both").onclick = () => {
      write(bothOf(others, words()));
      void save(true);
    };
  }

  /** @param {number} number */
  function show(number) {
    const card = /** @type {(typeof CLOSING_CARDS)[number]} */ (CLOSING_CARDS[number]);
    say(at("closing-kind"), card.kind);
    say(at("closing-title"), card.asks);
    for (const { name } of CLOSING_CARDS) field(name).hidden = name !== card.name;
    at("from-the-start").hidden = number < CLOSING_CARDS.length - 1;
  }

  for (const { name } of CLOSING_CARDS) field(name).addEventListener("input", keep);
  say(at("save"), source.saves);
  at("save").addEventListener("click", () => save(false));
  at("clash-mine").addEventListener("click", () => save(true));
  window.addEventListener("beforeunload", (event) => {
    leaving.write(draft, unsaved());
    if (!isSaved()) event.preventDefault();
  });
  write(review.words ?? { strengths: [], working_points: review.working_points, plan: [] });
  saved = words(); // read back: a point may have had several lines
  const left = leaving.read(draft) ?? drafts.read(draft);
  if (left) write(JSON.parse(left));
  keep();
  return {
    show,
    /** Adds words from elsewhere to those that are here. @param {Words} others */
    add: (others) => {
      write(bothOf(words(), others));
      keep();
    },
    tell,
  };
}
