"use strict";

(() => {
  const pack = JSON.parse(document.getElementById("pack").textContent);
  const { moments } = pack;
  const OPENING = -1;
  const CLOSING = moments.length;
  const MOST_BEADS = 12;
  const MANY_LETTERS = 120; // more than this is set in smaller letters
  const NOT_HERE = "This cannot be shown. If you opened this page from inside a ZIP file, first extract the whole ZIP " +
    "into a folder, then open index.html there.";

  const at = (id) => document.getElementById(id);
  const app = at("app");
  const loaded = new Map(); // clips by their place: the current one and its neighbours
  let place = OPENING;

  // --- what is on the page -------------------------------------------------------------------------------------------

  const clipHere = () => loaded.get(place);
  const nameOf = (number) => `Moment ${number + 1} of ${moments.length}`;

  function paragraph(text, className) {
    const element = document.createElement("p");
    element.className = className;
    element.dir = "auto";
    element.textContent = text; // captions are only ever text
    return element;
  }

  function relabel(button, icon, text) {
    button.querySelector("use").setAttribute("href", `#icon-${icon}`);
    button.querySelector("span").textContent = text;
  }

  function drawControls() {
    const clip = clipHere();
    if (!clip) return;
    const ended = !clip.playing && clip.frame >= clip.frames - 1;
    relabel(at("play"), clip.playing ? "pause" : "play", clip.playing ? "Pause" : ended ? "Play again" : "Play");
    at("loop").setAttribute("aria-pressed", String(clip.loops));
    for (const button of document.querySelectorAll(".speed")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.rate) === clip.rate));
    }
    at("frame-back").setAttribute("aria-disabled", String(clip.frame === 0));
    at("frame-on").setAttribute("aria-disabled", String(ended));
    const seconds = (clip.frame / clip.fps).toFixed(1);
    const length = (clip.frames / clip.fps).toFixed(1);
    at("time").max = clip.frames - 1;
    at("time").value = clip.frame;
    at("time").setAttribute("aria-valuetext", `${seconds} of ${length} seconds`);
    at("clock").textContent = `${seconds} / ${length} s`;
  }

  function drawBeads() {
    const beads = moments.length > MOST_BEADS ? [] : moments.map((_, number) => {
      const bead = document.createElement("span");
      bead.className = number === place ? "bead here" : "bead";
      return bead;
    });
    at("beads").replaceChildren(...beads);
  }

  function complain(number) {
    if (number !== place) return;
    at("trouble").textContent = NOT_HERE;
    at("trouble").hidden = false;
  }

  // --- what stays hidden until somebody asks for it --------------------------------------------------------------------

  const hidden = {
    words: (moment) => moment.caption && [paragraph(moment.caption, "said")],
    principle: ({ principle }) => principle && [
      paragraph(principle.heading, "said"), ...(principle.plain ? [paragraph(principle.plain, "soft")] : []),
    ],
  };

  function reveal(id, open) {
    const content = moments[place] && hidden[id](moments[place]);
    const button = at(id).querySelector("button");
    at(id).hidden = !content;
    button.setAttribute("aria-expanded", String(Boolean(content && open)));
    button.querySelector("span").textContent = open ? button.dataset.hide : button.dataset.show;
    at(`${id}-text`).replaceChildren(...(content && open ? content : []));
  }

  const toggle = (id) => reveal(id, at(id).querySelector("button").getAttribute("aria-expanded") !== "true");

  // --- going from one moment to another --------------------------------------------------------------------------------

  function load(number) {
    if (loaded.has(number) || moments[number]?.kind !== "clip") return;
    loaded.set(number, frameExactVideo(moments[number], {
      label: `Clip, ${nameOf(number).toLowerCase()}`,
      changed: () => number === place && drawControls(),
      failed: () => complain(number),
    }));
  }

  function keepNeighbours() {
    for (const [number, clip] of loaded) {
      if (Math.abs(number - place) <= 1) continue;
      loaded.delete(number);
      clip.unload();
    }
    for (const number of [place, place + 1, place - 1]) load(number);
  }

  function picture(moment) {
    const image = new Image(moment.width, moment.height);
    image.alt = `Picture, ${nameOf(place).toLowerCase()}`;
    image.addEventListener("error", complain.bind(null, place));
    image.src = moment.file;
    return image;
  }

  function showMoment() {
    const moment = moments[place];
    const isClip = moment.kind === "clip";
    at("trouble").hidden = true;
    at("moment-title").textContent = `${nameOf(place)}: ${isClip ? "a clip" : "a picture"}`;
    at("stage").className = isClip ? "stage" : "stage still";
    at("stage").replaceChildren(isClip ? clipHere().element : picture(moment));
    at("for-clip").hidden = !isClip;
    if (isClip && clipHere().element.error) complain(place);
    for (const id of Object.keys(hidden)) reveal(id, false);
    drawControls();
  }

  function go(target, { silently = false } = {}) {
    clipHere()?.leave();
    place = Math.min(CLOSING, Math.max(OPENING, target));
    keepNeighbours();
    const section = place === OPENING ? "opening" : place === CLOSING ? "closing" : "moment";
    for (const id of ["opening", "moment", "closing"]) at(id).hidden = id !== section;
    if (section === "moment") showMoment();
    document.querySelector(".turn").hidden = place === OPENING;
    at("next").hidden = place === CLOSING;
    at("where").textContent = section === "moment" ? nameOf(place) : "";
    drawBeads();
    window.scrollTo(0, 0);
    if (!silently) at(`${section}-title`).focus({ preventScroll: true }); // a screen reader says where we are
  }

  // --- what people do ----------------------------------------------------------------------------------------------------

  const playOrStop = () => (clipHere().playing ? clipHere().pause() : clipHere().play());
  const setRate = (rate) => { clipHere().rate = rate; };
  const switchLoop = () => { clipHere().loops = !clipHere().loops; drawControls(); };

  async function switchWholeScreen() {
    await (document.fullscreenElement ? document.exitFullscreen() : app.requestFullscreen());
  }

  function openHelp() {
    at("help").showModal();
    at("help-close").focus();
  }

  const forClips = {
    " ": playOrStop,
    ArrowLeft: () => clipHere().step(-1),
    ArrowRight: () => clipHere().step(1),
    1: () => setRate(1),
    2: () => setRate(0.5),
    4: () => setRate(0.25),
    l: switchLoop,
    r: () => clipHere().again(),
  };
  const anywhere = {
    PageUp: () => go(place - 1),
    PageDown: () => go(place + 1),
    w: () => toggle("words"),
    p: () => toggle("principle"),
    f: switchWholeScreen,
    "?": openHelp,
  };
  const MAY_BE_HELD = ["ArrowLeft", "ArrowRight"];

  function onKey(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = (clipHere() && forClips[key]) || anywhere[key] || (place === OPENING && key === " " && anywhere.PageDown);
    if (!act || event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
    if (key === " " && event.target.closest("button")) return; // it presses that button
    if (key.startsWith("Page") && event.target === at("time")) return; // it moves the slider by a larger step
    if (key.length === 1 && key !== " " && !at("keys-on").checked) return;
    event.preventDefault();
    if (!event.repeat || MAY_BE_HELD.includes(key)) act();
  }

  at("begin").addEventListener("click", () => go(0));
  at("from-the-start").addEventListener("click", () => go(0));
  at("previous").addEventListener("click", () => go(place - 1));
  at("next").addEventListener("click", () => go(place + 1));
  at("stage").addEventListener("click", () => clipHere() && playOrStop());
  at("play").addEventListener("click", playOrStop);
  at("again").addEventListener("click", forClips.r);
  at("frame-back").addEventListener("click", forClips.ArrowLeft);
  at("frame-on").addEventListener("click", forClips.ArrowRight);
  at("loop").addEventListener("click", switchLoop);
  at("time").addEventListener("input", () => clipHere().showFrame(Number(at("time").value)));
  for (const button of document.querySelectorAll(".speed")) {
    button.addEventListener("click", () => setRate(Number(button.dataset.rate)));
  }
  for (const id of Object.keys(hidden)) at(id).querySelector("button").addEventListener("click", () => toggle(id));
  at("help-open").addEventListener("click", openHelp);
  at("help-close").addEventListener("click", () => at("help").close());
  at("whole-screen").hidden = !document.fullscreenEnabled;
  at("whole-screen").addEventListener("click", switchWholeScreen);
  document.addEventListener("fullscreenchange", () => {
    at("whole-screen").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
  document.addEventListener("keydown", onKey);

  // --- the first and the last card -----------------------------------------------------------------------------------------

  if (pack.question) {
    at("question").textContent = pack.question;
    at("question").classList.toggle("long", pack.question.length > MANY_LETTERS);
  } else {
    at("opening-title").textContent = "Welcome";
    at("question").textContent = "Let us look at moments that went well.";
  }
  at("how-many").textContent = moments.length === 1 ? "There is one moment to look at." : `There are ${moments.length} moments to look at.`;
  if (pack.workingPoints.length) {
    at("working-points").replaceChildren(...pack.workingPoints.map((point) => {
      const item = document.createElement("li");
      item.dir = "auto";
      item.textContent = point;
      item.classList.toggle("long", point.length > MANY_LETTERS);
      return item;
    }));
  } else {
    at("closing-title").textContent = "That was the last moment";
    at("working-points").hidden = true;
    at("thanks").hidden = false;
  }
  go(OPENING, { silently: true });
})();
