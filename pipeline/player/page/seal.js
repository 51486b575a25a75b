"use strict";

/**
 * What lies sealed in the pieces beside this page; pipeline/pack/sealed.py tells how it is laid out.
 *
 * A page that was opened from a disk can load scripts from beside it and nothing else, so each piece is one: it hands its
 * text to `sealedPiece`. Only the pieces of the file that is wanted are loaded and decrypted, one after another.
 *
 * @param {Seal} seal
 */
function openSeal(seal) {
  const CUT_OFF = "A part of this pack is missing or damaged. Extract the whole ZIP again, and copy the whole folder.";
  const OTHER = "That is not the passphrase of this pack. Please look at each word; capitals do not matter.";
  const TOO_OLD = "This browser cannot open sealed packs. Please use Edge, Chrome or Firefox as they are now.";
  const bound = new TextEncoder().encode(`vigpack sealed pack 1, ${seal.pieces} pieces`);
  /** @type {CryptoKey} */
  let key;
  let filesBegin = 0;
  /** @type {{ number: number, bytes: Uint8Array<ArrayBuffer> } | null} */
  let last = null; // where one file ends the next one begins

  /** @type {Map<number, (text: string) => void>} */
  const awaited = new Map();
  /** @param {number} number @param {string} text */
  const receive = (number, text) => awaited.get(number)?.(text);
  Object.assign(globalThis, { sealedPiece: receive });

  /** @param {string} text base64 @returns {Uint8Array<ArrayBuffer>} */
  function bytesOf(text) {
    const native = /** @type {any} */ (Uint8Array).fromBase64;
    if (native) return native(text);
    const signs = atob(text);
    const bytes = new Uint8Array(signs.length);
    for (let place = 0; place < signs.length; place += 1) bytes[place] = signs.charCodeAt(place);
    return bytes;
  }

  /** @param {number} number @returns {Promise<string>} */
  function load(number) {
    const script = document.createElement("script");
    const loaded = new Promise((resolve, reject) => {
      awaited.set(number, resolve);
      script.onload = script.onerror = () => reject(new Refusal(CUT_OFF)); // a piece that came has resolved it before
    });
    script.src = `data/${String(number + 1).padStart(4, "0")}.txt`;
    document.head.append(script);
    return loaded.finally(() => {
      awaited.delete(number);
      script.remove();
    });
  }

  /** @param {number} number @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async function piece(number) {
    if (last?.number === number) return last.bytes;
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, number);
    const text = await load(number);
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: bound }, key, bytesOf(text)).catch(() => {
      throw new Refusal(CUT_OFF);
    });
    last = { number, bytes: new Uint8Array(opened) };
    return last.bytes;
  }

  /** @param {number} start @param {number} length */
  async function read(start, length) {
    const parts = [];
    for (let place = start; place < start + length;) {
      const number = Math.floor(place / seal.piece_bytes);
      const bytes = await piece(number);
      const from = place - number * seal.piece_bytes;
      const part = bytes.subarray(from, Math.min(bytes.length, from + start + length - place));
      parts.push(part);
      place += part.length;
    }
    return new Blob(parts);
  }

  return {
    /** @param {string} passphrase @returns {Promise<{ title: string, review: Review | null, files: Record<string, SealedFile> }>} */
    async unlock(passphrase) {
      if (!globalThis.crypto?.subtle) throw new Refusal(TOO_OLD);
      const words = passphrase.normalize("NFKC").toLowerCase().replace(/[\s\u2010-\u2015_.,-]+/gu, "-").replace(/^-+|-+$/g, "");
      const base = await crypto.subtle.importKey("raw", new TextEncoder().encode(words), "PBKDF2", false, ["deriveKey"]);
      const derivation = { name: "PBKDF2", hash: "SHA-256", salt: bytesOf(seal.salt), iterations: seal.iterations };
      const wrapping = await crypto.subtle.deriveKey(derivation, base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
      const how = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: bound };
      const raw = await crypto.subtle.decrypt(how, wrapping, bytesOf(seal.key)).catch(() => {
        throw new Refusal(OTHER);
      });
      key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
      const length = new DataView(await (await read(0, 4)).arrayBuffer()).getUint32(0);
      filesBegin = 4 + length;
      return JSON.parse(await (await read(4, length)).text());
    },
    /** @param {SealedFile} file */
    open: async ({ start, bytes, media_type }) => (await read(filesBegin + start, bytes)).slice(0, bytes, media_type),
  };
}
