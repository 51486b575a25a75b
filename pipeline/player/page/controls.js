"use strict";

const BIT_S = 1.5; // "this bit" is so much before and after the picture one is at
const SHORTEST_BIT_S = 0.2;
const NOT_WORTH_A_BIT_S = 4; // a clip this short is a bit itself

/**
 * The controls of what is played: play, again, a step, slower, this bit, and the line of time.
 *
 * @param {() => Playable | null} here what is played, if anything
 */
function playControls(here) {
  /** @param {(playable: Playable) => unknown} act */
  const on = (act) => () => {
    const playable = here();
    if (playable) act(playable);
  };

  /** @param {Playable} playable @returns {Bit} */
  const whole = ({ frames }) => ({ first: 0, last: frames - 1 });

  /** @param {Playable} playable */
  function thisBit(playable) {
    if (playable.bit) {
      playable.bit = null;
      return;
    }
    const { frame, frames, fps } = playable;
    const around = Math.round(BIT_S * fps);
    playable.bit = frames / fps <= NOT_WORTH_A_BIT_S ? whole(playable) : {
      first: Math.max(0, Math.min(frame - around, frames - 1 - 2 * around)),
      last: Math.min(frames - 1, Math.max(frame + around, 2 * around)),
    };
    void playable.play();
  }

  /** @param {Playable} playable @param {"first" | "last"} end */
  function setEnd(playable, end) {
    const shortest = Math.max(1, Math.round(SHORTEST_BIT_S * playable.fps));
    const { first, last } = playable.bit ?? whole(playable);
    if (end === "first") {
      const from = Math.min(playable.frame, playable.frames - 1 - shortest);
      playable.bit = { first: Math.max(0, from), last: last - from < shortest ? playable.frames - 1 : last };
    } else {
      const to = Math.max(playable.frame, Math.min(shortest, playable.frames - 1));
      playable.bit = { first: to - first < shortest ? 0 : first, last: to };
    }
  }

  const acts = {
    play: on((playable) => (playable.playing ? playable.pause() : playable.play())),
    again: on((playable) => playable.again()),
    back: on((playable) => playable.step(-(playable.stride ?? 1))),
    on: on((playable) => playable.step(playable.stride ?? 1)),
    bit: on(thisBit),
    bitStart: on((playable) => setEnd(playable, "first")),
    bitEnd: on((playable) => setEnd(playable, "last")),
    bitWhole: on((playable) => { playable.bit = whole(playable); }),
    /** @param {number} rate */
    rate: (rate) => on((playable) => { playable.rate = rate; })(),
  };

  function draw() {
    const playable = here();
    if (!playable) return;
    const { frame, frames, fps, playing, bit } = playable;
    const ended = !playing && frame >= frames - 1;
    relabel(at("play"), playing ? "pause" : "play", playing ? "Pause" : ended ? "Play again" : "Play");
    set(at("loop"), "aria-pressed", Boolean(bit));
    at("bit-ends").hidden = !bit;
    at("bit").hidden = !bit;
    if (bit) {
      at("bit").style.setProperty("--from", String(bit.first / Math.max(1, frames - 1)));
      at("bit").style.setProperty("--to", String(bit.last / Math.max(1, frames - 1)));
    }
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".speed"))) {
      button.hidden = Boolean(playable.heard) && Number(button.dataset.rate) < SLOWEST_VOICE;
      set(button, "aria-pressed", Number(button.dataset.rate) === playable.rate);
    }
    set(at("frame-back"), "aria-disabled", frame === 0);
    set(at("frame-on"), "aria-disabled", ended);
    const seconds = (frame / fps).toFixed(1);
    const length = (frames / fps).toFixed(1);
    set(at("time"), "max", frames - 1);
    at("time").value = frame;
    set(at("time"), "aria-valuetext", `${seconds} of ${length} seconds`);
    say(at("clock"), `${seconds} / ${length} s`);
  }

  at("play").addEventListener("click", acts.play);
  at("again").addEventListener("click", acts.again);
  at("frame-back").addEventListener("click", acts.back);
  at("frame-on").addEventListener("click", acts.on);
  at("loop").addEventListener("click", acts.bit);
  at("bit-start").addEventListener("click", acts.bitStart);
  at("bit-end").addEventListener("click", acts.bitEnd);
  at("bit-whole").addEventListener("click", acts.bitWhole);
  at("time").addEventListener("input", on((playable) => playable.showFrame(Number(at("time").value))));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".speed"))) {
    button.addEventListener("click", () => acts.rate(Number(button.dataset.rate)));
  }
  return { ...acts, draw };
}
