"use strict";

const SLOWEST_HEARD = 0.5; // slower than this a voice is no voice any more, and may frighten a child

/**
 * A video that knows which frame it shows and can be asked for any frame.
 *
 * Frames are counted from 0. A frame is asked for by the middle of its time on screen, so that no rounding of a browser
 * lands on its neighbour. `changed` is called whenever the picture or the playing changes, `failed` once if it cannot
 * load.
 *
 * @param {Moment} moment
 * @param {string | Promise<string>} address
 * @param {{ label: string, changed: () => void, failed: () => void }} told
 * @returns {Playable}
 */
function frameExactVideo(moment, address, { label, changed, failed }) {
  const fps = moment.fps ?? 1;
  const frames = Math.max(1, Math.round(((moment.duration_ms ?? 0) * fps) / 1000));
  const video = document.createElement("video");
  let shown = 0;
  /** @type {number | null} */
  let asked = null; // the frame somebody wants to see, until it is on screen
  /** @type {number | null} */
  let sought = null; // the frame the browser is looking for now
  /** @type {Bit | null} */
  let bit = null; // the frames that are played again and again
  let returned = () => {};
  let silenced = false;

  /** @param {number} frame */
  const clamp = (frame) => Math.min(frames - 1, Math.max(0, frame));
  /** @param {number} frame */
  const timeOf = (frame) => (frame + 0.5) / fps;

  function seekAsked() {
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING || sought !== null || asked === null) return;
    sought = asked;
    video.currentTime = timeOf(sought);
  }

  /** @param {number} frame */
  function showFrame(frame) {
    video.pause();
    asked = clamp(frame);
    seekAsked();
    changed();
  }

  function settle() {
    if (video.seeking || sought === null) return;
    shown = sought;
    if (asked === sought) asked = null;
    sought = null;
    seekAsked(); // several steps may have been asked for meanwhile: each seek that was begun is shown
    changed();
  }

  /** @param {number} mediaTime */
  function notice(mediaTime) {
    if (sought === null) shown = clamp(Math.floor(mediaTime * fps + 0.1));
    if (bit && !video.paused && !video.seeking && shown >= bit.last) beginBit();
    changed();
  }

  function beginBit() {
    shown = bit?.first ?? 0;
    video.currentTime = shown && timeOf(shown);
    returned();
  }

  function startPlace() {
    const here = asked ?? shown;
    if (bit && (here < bit.first || here >= bit.last)) return bit.first;
    return here >= frames - 1 ? 0 : here;
  }

  async function play() {
    const start = startPlace();
    if (start !== (asked ?? shown)) video.currentTime = start && timeOf(start);
    else if (asked !== sought) video.currentTime = timeOf(start);
    asked = null;
    sought = null;
    try {
      await video.play();
    } catch (error) {
      if (/** @type {DOMException} */ (error).name !== "AbortError") failed(); // AbortError: stopped before it could begin
    }
  }

  function again() {
    asked = null;
    sought = null;
    shown = bit?.first ?? 0;
    video.currentTime = shown && timeOf(shown);
    return play();
  }

  function hush() {
    video.muted = silenced || video.playbackRate < SLOWEST_HEARD;
  }

  function leave() {
    video.pause();
    video.playbackRate = 1;
    silenced = false;
    hush();
    bit = null;
    returned = () => {};
    showFrame(0);
  }

  function end() {
    notice(video.duration);
    if (!bit) return;
    beginBit();
    void play();
  }

  video.width = moment.width ?? 0; // keeps its place on the page while it loads
  video.height = moment.height ?? 0;
  video.preload = "auto";
  video.playsInline = true;
  video.disablePictureInPicture = true;
  video.disableRemotePlayback = true;
  video.setAttribute("aria-label", label);
  video.addEventListener("loadedmetadata", () => video.paused && showFrame(asked ?? 0)); // the first picture, at once
  video.addEventListener("loadeddata", () => video.classList.add("ready"));
  video.addEventListener("seeked", settle);
  video.addEventListener("error", failed);
  video.addEventListener("ended", end);
  for (const event of ["play", "pause", "ratechange"]) video.addEventListener(event, changed);
  /** @param {number} _ @param {{ mediaTime: number }} frame */
  const onFrame = (_, { mediaTime }) => {
    notice(mediaTime);
    video.requestVideoFrameCallback(onFrame);
  };
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(onFrame);
  else /** @type {any} */ (video).addEventListener("timeupdate", () => notice(/** @type {any} */ (video).currentTime));
  Promise.resolve(address).then((url) => { video.src = url; }, failed);

  return {
    element: video,
    get broken() { return video.error !== null; },
    frames,
    fps,
    get frame() { return asked ?? shown; },
    get playing() { return !video.paused && !video.ended; },
    get rate() { return video.playbackRate; },
    set rate(rate) { video.playbackRate = rate; hush(); },
    get bit() { return bit; },
    set bit(value) { bit = value; changed(); },
    whenReturned: (act) => { returned = act; },
    beSilent: () => { silenced = true; hush(); },
    play,
    pause: () => showFrame(shown), // sought: what a browser shows when it pauses may be a picture later than it told
    again,
    showFrame,
    step: (by) => showFrame((asked ?? shown) + by),
    leave,
    unload: () => { video.pause(); video.removeAttribute("src"); video.load(); video.remove(); },
  };
}
