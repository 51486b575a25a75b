"use strict";

const PLACES_PER_S = 20;
const SLOWEST_VOICE = 0.5; // slower than this a voice is no voice any more
const EDGE = 4; // of a hundred: silence is a line, not nothing

/**
 * The card of a recording without picture: the shape of its sound, filled in as far as it was heard.
 *
 * @param {number[]} peaks 0 to 100
 * @param {string} label
 */
function soundCard(peaks, label) {
  const loudest = Math.max(20, ...peaks); // what was whispered is not drawn as if it were shouted
  const pictures = /** @type {Element} */ (document.querySelector("svg")).namespaceURI; // its name is an address
  const bars = peaks.map((peak, place) => {
    const high = Math.max(EDGE, (peak / loudest) * 100);
    return `M${place + 0.5} ${50 - high / 2}v${high}`;
  });
  const card = document.createElement("div");
  card.className = "sound";
  card.setAttribute("role", "img");
  card.setAttribute("aria-label", label);
  for (const className of ["wave", "wave heard"]) {
    const wave = /** @type {SVGElement} */ (document.createElementNS(pictures, "svg"));
    wave.setAttribute("class", className);
    wave.setAttribute("viewBox", `0 0 ${Math.max(1, peaks.length)} 100`);
    wave.setAttribute("preserveAspectRatio", "none");
    wave.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(pictures, "path");
    path.setAttribute("d", bars.join(""));
    wave.append(path);
    card.append(wave);
  }
  card.append(paragraph("A voice, without picture", "soft"));
  return card;
}

/**
 * A recording on its card, played as clips are; its places are twentieths of a second, a step is a whole one.
 *
 * @param {Moment} moment
 * @param {string | Promise<string>} address
 * @param {{ label: string, changed: () => void, failed: () => void }} told
 * @returns {Playable}
 */
function soundOnCard(moment, address, { label, changed, failed }) {
  const frames = Math.max(1, Math.round(((moment.duration_ms ?? 0) * PLACES_PER_S) / 1000));
  const sound = document.createElement("audio");
  const card = soundCard(moment.peaks ?? [], label);
  /** @type {number | null} */
  let asked = null; // the place somebody wants, until the sound is there
  /** @type {Bit | null} */
  let bit = null;
  let returned = () => {};
  let broken = false;

  /** @param {number} place */
  const clamp = (place) => Math.min(frames - 1, Math.max(0, place));
  const here = () => asked ?? (sound.ended ? frames - 1 : clamp(Math.floor(sound.currentTime * PLACES_PER_S + 0.01)));

  function draw() {
    card.style.setProperty("--heard", String(frames > 1 ? here() / (frames - 1) : 0));
    changed();
  }

  /** @param {number} place */
  function seek(place) {
    if (sound.readyState === HTMLMediaElement.HAVE_NOTHING) asked = clamp(place);
    else {
      asked = null;
      sound.currentTime = clamp(place) / PLACES_PER_S;
    }
  }

  /** @param {number} place */
  function showFrame(place) {
    sound.pause();
    seek(place);
    draw();
  }

  function beginBit() {
    seek(bit?.first ?? 0);
    returned();
  }

  function follow() {
    if (bit && !sound.paused && here() >= bit.last) beginBit();
    draw();
    if (!sound.paused) requestAnimationFrame(follow);
  }

  async function play() {
    const place = here();
    if (bit && (place < bit.first || place >= bit.last)) seek(bit.first);
    else if (place >= frames - 1) seek(0);
    try {
      await sound.play();
    } catch (error) {
      if (/** @type {DOMException} */ (error).name !== "AbortError") fail(); // AbortError: stopped before it could begin
    }
  }

  function fail() {
    broken = true;
    failed();
  }

  function leave() {
    sound.playbackRate = 1;
    sound.muted = false;
    bit = null;
    returned = () => {};
    showFrame(0);
  }

  sound.preload = "auto";
  sound.addEventListener("loadedmetadata", () => asked !== null && seek(asked));
  sound.addEventListener("play", follow);
  sound.addEventListener("error", fail);
  sound.addEventListener("ended", () => {
    draw();
    if (!bit) return;
    beginBit();
    void play();
  });
  for (const event of ["pause", "seeked", "ratechange"]) sound.addEventListener(event, draw);
  Promise.resolve(address).then((url) => { sound.src = url; }, fail);

  return {
    element: card,
    heard: true,
    frames,
    fps: PLACES_PER_S,
    stride: PLACES_PER_S,
    get broken() { return broken; },
    get frame() { return here(); },
    get playing() { return !sound.paused && !sound.ended; },
    get rate() { return sound.playbackRate; },
    set rate(rate) { sound.playbackRate = Math.max(SLOWEST_VOICE, rate); },
    get bit() { return bit; },
    set bit(value) { bit = value; draw(); },
    whenReturned: (act) => { returned = act; },
    beSilent: () => { sound.muted = true; },
    play,
    pause: () => { sound.pause(); draw(); },
    again: () => { seek(bit?.first ?? 0); return play(); },
    showFrame,
    step: (by) => showFrame(here() + by),
    leave,
    unload: () => { sound.pause(); sound.removeAttribute("src"); sound.load(); },
  };
}
