"use strict";

/** Asks for the passphrase until it is right, then plays the review, or shows the files, that are sealed beside this page. */
function askPassphrase() {
  const MOST_OPEN = 8; // of decrypted files: what is shown and its neighbours, and a few that were just looked at
  const vault = openSeal(JSON.parse(at("seal").textContent));
  /** @type {Map<string, Promise<string>>} */
  const addresses = new Map(); // the one used last stands last
  /** @type {Promise<unknown>} */
  let reading = Promise.resolve(); // one file after another: the one that is looked at first is asked for first

  /** @param {Record<string, SealedFile>} files @param {string} name */
  function addressOf(files, name) {
    const known = addresses.get(name);
    const address = known ?? reading.then(() => vault.open(/** @type {SealedFile} */ (files[name]))).then((file) => URL.createObjectURL(file));
    if (!known) reading = address.catch(() => undefined);
    addresses.delete(name);
    addresses.set(name, address);
    for (const [oldest, old] of addresses) {
      if (addresses.size <= MOST_OPEN) break;
      addresses.delete(oldest);
      void old.then((url) => URL.revokeObjectURL(url), () => undefined);
    }
    return address;
  }

  /** The address of a file that stays open as long as the page. @param {SealedFile} file */
  function keep(file) {
    const address = reading.then(() => vault.open(file)).then((opened) => URL.createObjectURL(opened));
    reading = address.catch(() => undefined);
    return address;
  }

  /** @param {string} passphrase */
  async function open(passphrase) {
    const { title, review, files } = await vault.unlock(passphrase);
    at("gate").remove();
    if (!review) {
      const shown = Object.entries(files).map(([name, file]) => fileToSee(name, file.media_type, keep(file), { download: name }));
      const saved = shown.some((one) => one instanceof HTMLAnchorElement);
      return showFiles(title, saved ? [...shown, paragraph("What you save from here is sealed no more: keep it where nobody else looks, and delete it when you are done.", "soft")] : shown);
    }
    await start(openPack({
      load: async () => review,
      address: (moment) => addressOf(files, moment.file),
      file: (name) => addressOf(files, name),
    }));
  }

  at("without-scripts").hidden = true;
  at("gate").hidden = false;
  at("passphrase").focus();
  at("gate-form").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (at("unlock").disabled || !at("passphrase").value.trim()) return;
    at("unlock").disabled = true;
    say(at("gate-told"), "Opening …");
    try {
      await open(at("passphrase").value);
    } catch (error) {
      say(at("gate-told"), sentenceOf(error));
      at("passphrase").select();
      at("passphrase").focus();
      if (!(error instanceof Refusal)) throw error;
    } finally {
      at("unlock")?.removeAttribute("disabled");
    }
  });
}

askPassphrase();
