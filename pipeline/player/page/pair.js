"use strict";

/**
 * Two clips that are played, slowed and stepped as one; the sound is the first one's.
 *
 * They run by the clock of the longer one. Where the other has ended it stays on its last picture.
 *
 * @param {Playable} first
 * @param {Playable} second
 * @returns {Playable}
 */
function pairOf(first, second) {
  /** @param {Playable} clip */
  const lengthOf = (clip) => clip.frames / clip.fps;
  const [long, short] = lengthOf(second) > lengthOf(first) ? [second, first] : [first, second];
  /** @param {number} frame of the longer clip; the other's frame at the same time */
  const matching = (frame) => Math.min(short.frames - 1, Math.floor(((frame + 0.5) / long.fps) * short.fps));

  /** @param {number} frame */
  function showFrame(frame) {
    long.showFrame(frame);
    short.showFrame(matching(long.frame));
  }

  function playShort() {
    return short.frame < short.frames - 1 ? short.play() : Promise.resolve();
  }

  async function play() {
    const { bit, frame } = long;
    if (frame >= long.frames - 1 || (bit && (frame < bit.first || frame >= bit.last))) showFrame(bit?.first ?? 0);
    await Promise.all([long.play(), playShort()]);
  }

  function pause() {
    long.pause();
    short.showFrame(matching(long.frame)); // they may have drifted apart by a picture
  }

  second.beSilent?.();
  long.whenReturned?.(() => {
    short.showFrame(matching(long.bit?.first ?? 0));
    void playShort();
  });

  return {
    get frames() { return long.frames; },
    get fps() { return long.fps; },
    get frame() { return long.frame; },
    get playing() { return long.playing; },
    get rate() { return long.rate; },
    set rate(rate) { long.rate = short.rate = rate; },
    get bit() { return long.bit; },
    set bit(bit) { long.bit = bit; },
    play,
    pause,
    again: () => { showFrame(long.bit?.first ?? 0); return play(); },
    showFrame,
    step: (by) => showFrame(long.frame + by),
    leave: () => { first.leave(); second.leave(); },
  };
}
