"use strict";

/**
 * The review: an opening card, the moments one after another, and the closing cards.
 *
 * @param {Review} review
 * @param {Source} source
 */
function playReview(review, source) {
  const { moments } = review;
  const OPENING = -1;
  const { ending } = review;
  const LAST = moments.length + (ending ? 1 : CLOSING_CARDS.length) - 1;
  const MOST_BEADS = 12;
  const MANY_LETTERS = 120; // more than this is set in smaller letters

  let place = OPENING;
  const stage = momentStage(review, source, { changed: draw, complain });
  const controls = playControls(() => stage.playable);
  const cards = closingCards(review, source);

  const isMoment = () => place >= 0 && place < moments.length;
  /** @param {number} number */
  const nameOf = (number) => {
    const part = review.parts.findLast(({ first }) => first <= number);
    return `${part ? `${part.title} · ` : ""}Moment ${number + 1} of ${moments.length}`;
  };

  function draw() {
    controls.draw();
    stage.draw();
    for (const id of ["farther", "whole", "pan"]) at(id).hidden = !stage.isClose;
    set(at("closer"), "aria-disabled", stage.isClosest);
  }

  function complain() {
    at("trouble").hidden = false;
  }

  // --- what stays hidden until somebody asks for it --------------------------------------------------------------------

  /** @type {Record<string, (moment: Moment) => HTMLElement[]>} */
  const hidden = {
    drawn: (moment) => (moment.drawings.length ? [drawnList(moment, stage.playable)] : []),
    words: ({ caption }) => (caption ? [paragraph(caption, "said")] : []),
    principle: ({ principle }) => {
      if (!principle) return [];
      return [paragraph(principle.heading, "said"), ...(principle.plain ? [paragraph(principle.plain, "soft")] : [])];
    },
  };

  /** @param {string} id @param {boolean} open */
  function reveal(id, open) {
    const moment = moments[place];
    const content = (moment && stage.beside === null && hidden[id]?.(moment)) || [];
    const button = at(id).querySelector("button");
    at(id).hidden = content.length === 0;
    set(button, "aria-expanded", content.length > 0 && open);
    say(button.querySelector("span"), open ? button.dataset.hide : button.dataset.show);
    at(`${id}-text`).replaceChildren(...(open ? content : []));
    if (id === "drawn") stage.showDrawn(open && content.length > 0);
  }

  /** @param {string} id */
  const toggle = (id) => reveal(id, at(id).querySelector("button").getAttribute("aria-expanded") !== "true");

  // --- going from one card to another ----------------------------------------------------------------------------------

  function drawMoment() {
    const { beside } = stage;
    const kind = { clip: "a clip", still: "a picture", sound: "a recording" }[moments[place]?.kind ?? "still"];
    say(at("moment-title"), beside === null ? `${nameOf(place)}: ${kind}` : `Moments ${place + 1} and ${beside + 1}`);
    say(at("where"), beside === null ? nameOf(place) : `Moments ${place + 1} and ${beside + 1}`);
    at("for-clip").hidden = !stage.playable;
    at("beside").hidden = !canBeBeside();
    at("closer").hidden = !stage.isSeen;
    say(at("invite"), stage.isSeen ? "What do you see?" : "What do you hear?");
    set(at("beside"), "aria-pressed", beside !== null);
    at("turn-beside").hidden = beside === null || moments.length < 3;
    at("moment").classList.toggle("comparing", beside !== null);
    for (const id of Object.keys(hidden)) reveal(id, false);
    draw();
  }

  /** Two voices at once can be told apart by nobody. */
  const canBeBeside = () => moments.length > 1 && !moments.some(({ kind }) => kind === "sound");

  function switchBeside() {
    at("trouble").hidden = true;
    stage.showBeside(stage.beside !== null ? null : place + 1 < moments.length ? place + 1 : place - 1);
    drawMoment();
  }

  /** @param {number} by */
  function turnBeside(by) {
    at("trouble").hidden = true;
    stage.turnBeside(by);
    drawMoment();
  }

  function drawBeads() {
    const beads = moments.length > MOST_BEADS ? [] : moments.map((_, number) => {
      const bead = document.createElement("span");
      bead.className = number === place ? "bead here" : "bead";
      return bead;
    });
    at("beads").replaceChildren(...beads);
  }

  /** @param {number} target @param {{ silently?: boolean }} how */
  function go(target, { silently = false } = {}) {
    place = Math.min(LAST, Math.max(OPENING, target));
    const section = place === OPENING ? "opening" : isMoment() ? "moment" : ending ? "ending" : "closing";
    for (const id of ["opening", "moment", "ending", "closing"]) at(id).hidden = id !== section;
    at("trouble").hidden = true;
    if (isMoment()) {
      stage.show(place);
      drawMoment();
    } else {
      stage.clear();
      say(at("where"), "");
      stage.expect(place === OPENING ? 0 : moments.length - 1);
    }
    if (section === "closing") cards.show(place - moments.length);
    at("turn").hidden = place === OPENING;
    at("next").hidden = place === LAST;
    drawBeads();
    window.scrollTo(0, 0);
    if (!silently) at(`${section}-title`).focus({ preventScroll: true }); // a screen reader says where we are
  }

  // --- what people do --------------------------------------------------------------------------------------------------

  async function switchWholeScreen() {
    await (document.fullscreenElement ? document.exitFullscreen() : at("app").requestFullscreen());
  }

  function openHelp() {
    at("help").showModal();
    at("help-title").focus();
  }

  /** @type {Record<string, () => unknown>} */
  const forClips = {
    " ": controls.play,
    ArrowLeft: controls.back,
    ArrowRight: controls.on,
    1: () => controls.rate(1),
    2: () => controls.rate(0.5),
    4: () => controls.rate(0.25),
    l: controls.bit,
    "[": controls.bitStart,
    "]": controls.bitEnd,
    r: controls.again,
  };
  /** @type {Record<string, () => unknown>} */
  const forMoments = {
    "+": stage.closer,
    "=": stage.closer, // the key of + without Shift
    "-": stage.farther,
    0: stage.whole,
    ShiftArrowLeft: () => stage.push(-1, 0),
    ShiftArrowRight: () => stage.push(1, 0),
    ShiftArrowUp: () => stage.push(0, -1),
    ShiftArrowDown: () => stage.push(0, 1),
    s: () => canBeBeside() && switchBeside(),
    w: () => toggle("words"),
    p: () => toggle("principle"),
    d: () => toggle("drawn"),
  };
  /** @type {Record<string, () => unknown>} */
  const anywhere = {
    PageUp: () => go(place - 1),
    PageDown: () => go(place + 1),
    f: () => document.fullscreenEnabled && switchWholeScreen(),
    "?": openHelp,
  };
  const MAY_BE_HELD = /Arrow|^[-+=]$/;

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {Element} */ (event.target);
    const pushes = event.shiftKey && event.key.startsWith("Arrow");
    const key = pushes ? `Shift${event.key}` : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act =
      (stage.playable && forClips[key]) || (isMoment() && forMoments[key]) || anywhere[key] ||
      (place === OPENING && key === " " && anywhere.PageDown);
    if (!act || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (isTyping(target) && !key.startsWith("Page")) return;
    if (key === " " && target.closest("button")) return; // it presses that button
    if (key.startsWith("Page") && target === at("time")) return; // it moves the slider by a larger step
    if (key.length === 1 && key !== " " && !at("keys-on").checked) return;
    event.preventDefault();
    if (!event.repeat || MAY_BE_HELD.test(key)) act();
  }

  /** @param {string} id @param {() => unknown} act */
  const press = (id, act) => at(id).addEventListener("click", act);
  press("begin", () => go(0));
  press("from-the-start", () => go(0));
  press("once-more", () => go(0));
  press("previous", () => go(place - 1));
  press("next", () => go(place + 1));
  press("stage", () => stage.wasMoved || controls.play());
  press("closer", stage.closer);
  press("farther", stage.farther);
  press("whole", stage.whole);
  press("beside", switchBeside);
  press("beside-previous", () => turnBeside(-1));
  press("beside-next", () => turnBeside(1));
  press("help-open", openHelp);
  press("help-close", () => at("help").close());
  press("whole-screen", switchWholeScreen);
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (at("pan").querySelectorAll("button"))) {
    button.addEventListener("click", () => stage.push(Number(button.dataset.right), Number(button.dataset.down)));
  }
  for (const id of Object.keys(hidden)) at(id).querySelector("button").addEventListener("click", () => toggle(id));
  at("whole-screen").hidden = !document.fullscreenEnabled;
  document.addEventListener("fullscreenchange", () => set(at("whole-screen"), "aria-pressed", Boolean(document.fullscreenElement)));
  document.addEventListener("keydown", onKey);

  /** Saves a file that has no address until it is asked for. @param {string} name @returns {(event: Event) => void} */
  const save = (name) => async (event) => {
    event.preventDefault();
    const link = document.createElement("a");
    link.href = (await source.file?.(name)) ?? name;
    link.download = name;
    link.click();
  };

  if (ending) {
    say(at("ending-title"), ending.title);
    at("ending-points").replaceChildren(...ending.points.map((point) => {
      const item = document.createElement("li");
      item.dir = "auto";
      item.textContent = point;
      return item;
    }));
    at("ending-links").replaceChildren(...ending.links.map(({ file, title }) => {
      const link = document.createElement("a");
      link.href = source.file ? "#" : file;
      link.target = "_blank";
      link.textContent = title;
      if (source.file) link.addEventListener("click", save(file));
      return link;
    }));
  }
  say(at("opening-title"), review.title);
  say(at("about"), review.about);
  at("about").hidden = !review.about;
  if (review.question) {
    say(at("question"), review.question);
    at("question").classList.toggle("long", review.question.length > MANY_LETTERS);
  } else {
    say(at("opening-title"), "Welcome");
    say(at("question"), "Let us look at moments that went well.");
  }
  const attend = moments.every(({ kind }) => kind === "sound") ? "listen to" : "look at";
  say(at("how-many"), moments.length === 1 ? `There is one moment to ${attend}.` : `There are ${moments.length} moments to ${attend}.`);
  for (const id of ["yours", "begin"]) at(id).hidden = false;
  source.opened(cards);
  go(source.begins !== null && source.begins < moments.length ? source.begins : OPENING, { silently: true });
}
