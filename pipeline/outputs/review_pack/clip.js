"use strict";

/**
 * A video that knows which frame it shows and can be asked for any frame.
 *
 * Frames are counted from 0. A frame is asked for by the middle of its time on screen, so that no rounding of a browser
 * lands on its neighbour. `changed` is called whenever the picture or the playing changes, `failed` once if it cannot load.
 */
function frameExactVideo(moment, { label, changed, failed }) {
  const { fps } = moment;
  const frames = Math.max(1, Math.round((moment.durationMs * fps) / 1000));
  const video = document.createElement("video");
  let shown = 0;
  let asked = null; // the frame somebody wants to see, until it is on screen
  let sought = null; // the frame the browser is looking for now

  const clamp = (frame) => Math.min(frames - 1, Math.max(0, frame));

  function seekAsked() {
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING || sought !== null || asked === null) return;
    sought = asked;
    video.currentTime = (sought + 0.5) / fps;
  }

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

  function notice(mediaTime) {
    if (sought === null) shown = clamp(Math.floor(mediaTime * fps + 0.1));
    changed();
  }

  async function play() {
    if ((asked ?? shown) >= frames - 1) video.currentTime = 0;
    else if (asked !== sought) video.currentTime = (asked + 0.5) / fps;
    asked = null;
    sought = null;
    try {
      await video.play();
    } catch (error) {
      if (error.name !== "AbortError") failed(); // AbortError: stopped again before it could begin
    }
  }

  video.width = moment.width; // keeps its place on the page while it loads
  video.height = moment.height;
  video.preload = "auto";
  video.playsInline = true;
  video.disablePictureInPicture = true;
  video.disableRemotePlayback = true;
  video.setAttribute("aria-label", label);
  video.addEventListener("loadedmetadata", () => video.paused && showFrame(asked ?? 0)); // the first picture, at once
  video.addEventListener("loadeddata", () => video.classList.add("ready"));
  video.addEventListener("seeked", settle);
  video.addEventListener("error", failed);
  video.addEventListener("ended", () => notice(video.duration));
  for (const event of ["play", "pause", "ratechange"]) video.addEventListener(event, changed);
  if ("requestVideoFrameCallback" in video) {
    const onFrame = (_, { mediaTime }) => {
      notice(mediaTime);
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  } else {
    video.addEventListener("timeupdate", () => notice(video.currentTime));
  }
  video.src = moment.file;

  return {
    element: video,
    frames,
    fps,
    get frame() { return asked ?? shown; },
    get playing() { return !video.paused && !video.ended; },
    get rate() { return video.playbackRate; },
    set rate(rate) { video.playbackRate = rate; },
    get loops() { return video.loop; },
    set loops(loops) { video.loop = loops; },
    play,
    pause: () => video.pause(),
    again: () => { shown = 0; video.currentTime = 0; return play(); },
    showFrame,
    step: (by) => showFrame((asked ?? shown) + by),
    leave: () => { video.pause(); video.playbackRate = 1; video.loop = false; showFrame(0); },
    unload: () => { video.pause(); video.removeAttribute("src"); video.load(); video.remove(); },
  };
}
