"use strict";

/**
 * A review whose words are saved into a small file that the guider's page reads.
 *
 * @param {Pick<Source, "load" | "address"> & Partial<Source>} where the moments come from
 * @returns {Source}
 */
function openPack(where) {
  const KIND = "vigpack-words";
  const LARGEST = 200_000;

  /** @param {string} text a file of saved words @returns {Words | null} null where it is none */
  function read(text) {
    try {
      const { kind, schema_version, strengths, working_points, plan } = JSON.parse(text);
      const lists = [strengths, working_points, plan];
      const good = lists.every((list) => Array.isArray(list) && list.every((line) => typeof line === "string"));
      return kind === KIND && schema_version === 1 && good ? { strengths, working_points, plan } : null;
    } catch {
      return null;
    }
  }

  /** @param {ReturnType<typeof closingCards>} cards */
  function offerOpening(cards) {
    at("open-words").hidden = false;
    at("open-words").addEventListener("click", () => at("words-file").click());
    at("words-file").addEventListener("change", async () => {
      const [file] = at("words-file").files;
      at("words-file").value = ""; // so that the same file can be chosen again
      const words = file && file.size <= LARGEST ? read(await file.text()) : null;
      if (words) cards.add(words);
      else cards.tell("This file holds no words that were saved from a review.");
    });
  }

  return {
    saves: "Save into a file",
    begins: null,
    /** @param {string} review @param {Words} words */
    save: async (review, words) => {
      const now = new Date();
      const text = JSON.stringify({ kind: KIND, schema_version: 1, review, written_at: now.toISOString(), ...words }, null, 2);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = `our-words-${now.toISOString().slice(0, 10)}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      return { told: `Saved as ${link.download} among this computer’s downloads. The guider’s page can read it.` };
    },
    opened: offerOpening,
    ...where,
  };
}
