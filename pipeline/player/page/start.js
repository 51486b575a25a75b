"use strict";

/** Opens the review of a source, or says why it cannot be opened. @param {Source} source */
async function start(source) {
  at("without-scripts").hidden = true;
  at("app").hidden = false;
  try {
    playReview(await source.load(), source);
  } catch (error) {
    say(at("opening-title"), "This review cannot be opened");
    say(at("question"), sentenceOf(error));
    if (!(error instanceof Refusal)) throw error;
  } finally {
    scanning();
  }
}
