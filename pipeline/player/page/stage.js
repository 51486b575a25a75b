"use strict";

const SHAPE_OF_A_CARD = 16 / 9;

/**
 * The place where moments are shown: one, or two beside each other, each behind a window one can look closer through.
 *
 * The clips before and after the one that is shown are loaded too, so that their first picture is there at once.
 * `changed` is called whenever something is to be drawn anew, `complain` when what is shown cannot be shown.
 *
 * @param {Review} review
 * @param {Source} source
 * @param {{ changed: () => void, complain: () => void }} told
 */
function momentStage({ moments }, source, { changed, complain }) {
  /** @type {Map<number, Playable>} */
  const clips = new Map(); // by their place
  /** @type {ReturnType<typeof lookingCloser>[]} */
  let looks = [];
  /** @type {number | null} */
  let place = null;
  /** @type {number | null} */
  let beside = null;
  /** @type {Playable | null} */
  let playable = null;
  /** @type {ReturnType<typeof drawnLayer>[]} */
  let drawn = [];

  /** @param {number} number */
  const nameOf = (number) => `moment ${number + 1} of ${moments.length}`;
  /** @param {number} number */
  const isShown = (number) => number === place || number === beside;

  /** @param {number} number */
  function load(number) {
    const moment = moments[number];
    if (clips.has(number) || !moment || moment.kind === "still") return;
    const [player, what] = moment.kind === "sound" ? [soundOnCard, "Recording"] : [frameExactVideo, "Clip"];
    clips.set(number, player(moment, source.address(moment), {
      label: `${what}, ${nameOf(number)}`,
      changed: () => isShown(number) && changed(),
      failed: () => isShown(number) && complain(),
    }));
  }

  function keepNeighbours() {
    const near = place === null ? [] : [place, place + 1, place - 1];
    const wanted = beside === null ? near : [...near, beside];
    for (const [number, clip] of clips) {
      if (wanted.includes(number)) continue;
      clips.delete(number);
      clip.unload?.();
    }
    for (const number of wanted) load(number);
  }

  /** @param {Moment} moment @param {number} number */
  function pictureOf(moment, number) {
    const image = new Image(moment.width ?? 0, moment.height ?? 0);
    image.alt = `Picture, ${nameOf(number)}`;
    image.addEventListener("error", complain);
    Promise.resolve(source.address(moment)).then((url) => { image.src = url; }, complain);
    return image;
  }

  /** @param {number} number */
  function windowOn(number) {
    const moment = /** @type {Moment} */ (moments[number]);
    const picture = clips.get(number)?.element ?? pictureOf(moment, number);
    picture.style.transform = "";
    const frame = document.createElement("div");
    frame.className = "window";
    const layer = beside === null && moment.drawings.length ? drawnLayer(moment, clips.get(number) ?? null) : null;
    frame.append(picture, ...(layer ? [layer.element] : []));
    if (layer) drawn.push(layer);
    if (!clips.get(number)?.heard) looks.push(lookingCloser(frame, layer ? [picture, layer.element] : [picture], changed));
    if (clips.get(number)?.broken) complain();
    return frame;
  }

  /** @param {number} first @param {number | null} second */
  function show(first, second) {
    playable?.leave();
    place = first;
    beside = second;
    keepNeighbours();
    const numbers = second === null ? [first] : [first, second];
    const shown = numbers.map((number) => /** @type {Moment} */ (moments[number]));
    looks = [];
    drawn = [];
    at("stage").replaceChildren(...numbers.map(windowOn));
    const widest = Math.max(...shown.map(({ width, height }) => (width && height ? width / height : SHAPE_OF_A_CARD)));
    at("stage").style.setProperty("--shape", String(widest));
    at("stage").classList.toggle("two", second !== null);
    at("stage").classList.toggle("tall", widest < 1);
    const [one, two] = numbers.map((number) => clips.get(number) ?? null);
    playable = one && two ? pairOf(one, two) : one ?? two ?? null;
    at("stage").classList.toggle("still", !playable);
    changed();
  }

  return {
    /** What is played here; null for pictures. */
    get playable() { return playable; },
    get beside() { return beside; },
    /** Whether there is something one could look closer at. */
    get isSeen() { return looks.length > 0; },
    get isClose() { return looks.some((look) => look.isClose); },
    get isClosest() { return looks.every((look) => look.isClosest); },
    get wasMoved() { return looks.some((look) => look.wasMoved); },
    /** @param {number} number */
    show: (number) => show(number, null),
    /** @param {number | null} number the moment to see beside the shown one; null: none */
    showBeside: (number) => place !== null && show(place, number),
    /** @param {number} by to another moment beside the shown one, skipping that one */
    turnBeside: (by) => {
      if (beside === null || place === null) return;
      const count = moments.length;
      let number = (beside + by + count) % count;
      if (number === place) number = (number + by + count) % count;
      show(place, number);
    },
    clear: () => {
      playable?.leave();
      playable = place = beside = null;
      looks = [];
      drawn = [];
      at("stage").replaceChildren();
    },
    /** @param {number} number a moment that will soon be shown */
    expect: load,
    /** Shows what is drawn on what is seen, or hides it. @param {boolean} on */
    showDrawn: (on) => at("stage").classList.toggle("with-drawn", on),
    /** Called for every picture: what is drawn on it comes and goes. */
    draw: () => drawn.forEach((layer) => layer.draw()),
    closer: () => looks.forEach((look) => look.closer()),
    farther: () => looks.forEach((look) => look.farther()),
    whole: () => looks.forEach((look) => look.whole()),
    /** @param {number} right @param {number} down */
    push: (right, down) => looks.forEach((look) => look.push(right, down)),
  };
}
