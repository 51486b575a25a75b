"use strict";

/**
 * A picture or film to look at, or a link to what is neither; shown once its address is there.
 *
 * @param {string} name @param {string} mediaType @param {Promise<string>} address
 * @param {{ target?: string, download?: string }} how what is neither is opened, or saved
 */
function fileToSee(name, mediaType, address, how) {
  /** @type {HTMLImageElement | HTMLVideoElement | HTMLAnchorElement} */
  let element;
  if (mediaType.startsWith("image/")) {
    element = Object.assign(new Image(), { alt: name });
  } else if (mediaType.startsWith("video/")) {
    element = Object.assign(document.createElement("video"), { controls: true, playsInline: true });
    element.setAttribute("controlsList", "nodownload");
  } else {
    element = Object.assign(document.createElement("a"), { textContent: `${how.download ? "Save" : "Open"} ${name}`, ...how });
  }
  void address.then((url) => {
    if (element instanceof HTMLAnchorElement) element.href = url;
    else element.src = url;
  }, (error) => element.replaceWith(paragraph(sentenceOf(error), "soft")));
  return element;
}

/** @param {string} title @param {Element[]} files */
function showFiles(title, files) {
  at("without-scripts").hidden = true;
  at("app").hidden = false;
  say(at("opening-title"), title);
  at("question").replaceChildren(...files);
  at("question").className = "files";
  at("help-open").hidden = at("whole-screen").hidden = true;
}
