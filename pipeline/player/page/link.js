"use strict";

/**
 * What a link shows: the review, or files to look at. What opens it stands behind the # of the address and is sent once.
 *
 * As soon as the link is ended the service answers nothing more; the page asks every few seconds, and then shows nothing.
 */
async function openLink() {
  const LINKS = "/api/v1/links";
  const ASK_AGAIN_MS = 5_000;
  const GONE = "This link does not work any more. Please ask who gave it to you.";

  /** @param {string} path @param {RequestInit} [init] */
  async function ask(path, init) {
    const answer = await fetch(path, init).catch(() => null);
    if (!answer || answer.status >= 500) throw new Refusal("The service cannot be reached just now. Please try again in a minute.");
    if (answer.status === 429) throw new Refusal("This link was opened very often just now. Please try again in a minute.");
    if (!answer.ok) throw new Refusal(GONE);
    return answer.json();
  }

  /** @param {string} secret */
  const open = (secret) => ask(LINKS, { method: "POST", body: JSON.stringify({ secret }), headers: { "Content-Type": "application/json" } });

  /** Takes away everything that was shown, also what the browser holds of a film. */
  function close() {
    for (const player of document.querySelectorAll("video, audio")) {
      player.removeAttribute("src");
      /** @type {HTMLMediaElement} */ (player).load();
    }
    at("app").remove();
    const told = paragraph(GONE, "question");
    told.setAttribute("role", "alert");
    const card = document.createElement("section");
    card.className = "card without";
    card.append(told);
    document.body.append(card);
  }

  /** @param {string} id */
  function watch(id) {
    const timer = setInterval(async () => {
      const answer = await fetch(`${LINKS}/${id}`).catch(() => null);
      if (answer?.status !== 404) return; // a line that is away says nothing of the link
      clearInterval(timer);
      close();
    }, ASK_AGAIN_MS);
  }

  /** @param {{ name: string, media_type: string, address: string }} file */
  const linkedFile = ({ name, media_type, address }) => fileToSee(name, media_type, Promise.resolve(address), { target: "_blank" });

  try {
    const shown = await open(location.hash.slice(1));
    watch(shown.id);
    if (!shown.review) return showFiles(shown.title, shown.files.map(linkedFile));
    await start(openPack({ load: async () => shown.review, address: (moment) => moment.file }));
    document.querySelectorAll(".for-pack").forEach((one) => one.remove());
  } catch (error) {
    at("without-scripts").hidden = true;
    at("app").hidden = false;
    say(at("opening-title"), "This cannot be opened");
    say(at("question"), sentenceOf(error));
    if (!(error instanceof Refusal)) throw error;
  }
}

void openLink();
