"use strict";

const HELD_MS = 200; // what shows for less is seen only while the clip stands still

/** @param {string} name @param {Record<string, string | number>} attributes @param {Element[]} children */
function svgElement(name, attributes, ...children) {
  const { namespaceURI } = /** @type {Element} */ (document.querySelector("svg")); // its name is an address
  const element = /** @type {SVGElement} */ (document.createElementNS(namespaceURI, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * What is drawn on a moment, as a layer over its picture: nothing of it is in the picture.
 *
 * @param {Moment} moment
 * @param {Playable | null} clip null: a still
 */
function drawnLayer(moment, clip) {
  const width = moment.width ?? 0;
  const height = moment.height ?? 0;
  const layer = svgElement("svg", { class: "drawn", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const all = { x: 0, y: 0, width, height };
  let shown = "";

  /** @param {Drawing} drawing */
  function isOn({ in_ms, out_ms }) {
    if (!clip || in_ms === null || out_ms === null) return true;
    const middle = ((clip.frame + 0.5) * 1000) / clip.fps; // of the picture's time: safe from rounding
    return in_ms <= middle && middle < out_ms && (out_ms - in_ms >= HELD_MS || !clip.playing);
  }

  /** @param {Drawing} drawing */
  function lines({ kind, outline, line, colour }) {
    const arrow = kind === "arrow";
    return [
      svgElement("path", { d: outline, fill: "none", stroke: "#000", "stroke-width": arrow ? line : 2 * line, "stroke-linejoin": "round" }),
      svgElement("path", arrow ? { d: outline, fill: colour } : { d: outline, fill: "none", stroke: colour, "stroke-width": line }),
    ];
  }

  /** @param {Drawing[]} spots */
  function shade(spots) {
    if (!spots.length) return [];
    const holes = spots.map(({ outline }) => svgElement("path", { d: outline, fill: "#000" }));
    return [
      svgElement("mask", { id: "spots", maskUnits: "userSpaceOnUse", ...all }, svgElement("rect", { ...all, fill: "#fff" }), ...holes),
      svgElement("rect", { ...all, fill: "#000", "fill-opacity": 0.6, mask: "url(#spots)" }),
    ];
  }

  return {
    element: layer,
    /** Draws what is on at the picture that is shown; called for every picture. */
    draw() {
      const on = moment.drawings.filter(isOn);
      const now = on.map((drawing) => moment.drawings.indexOf(drawing)).join();
      if (now === shown) return;
      shown = now;
      layer.replaceChildren(...shade(on.filter(({ kind }) => kind === "spotlight")), ...on.flatMap(lines));
    },
  };
}

/**
 * What is drawn, in words; on a clip each leads to the picture at which it begins.
 *
 * @param {Moment} moment
 * @param {Playable | null} clip
 */
function drawnList({ drawings }, clip) {
  const list = document.createElement("ul");
  list.className = "drawn-list";
  list.append(...drawings.map(({ name, in_ms }) => {
    const item = document.createElement("li");
    if (!clip || in_ms === null) {
      item.textContent = name;
      return item;
    }
    const button = document.createElement("button");
    button.type = "button";
    const seconds = Math.floor(in_ms / 1000);
    button.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} ${name}`;
    button.addEventListener("click", () => clip.showFrame(Math.ceil((in_ms * clip.fps) / 1000 - 0.5)));
    item.append(button);
    return item;
  }));
  return list;
}
