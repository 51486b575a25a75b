"use strict";

/** The review of a selection on the service; its words are saved there. @returns {Source} */
function openService() {
  const SESSION = "/api/v1/session";
  const [, id = ""] = /^\/review\/([0-9a-f]{32})$/.exec(location.pathname) ?? [];
  const here = `/api/v1/selections/${id}`;
  /** @type {Map<string, Promise<string>>} */
  const fetched = new Map();
  let token = ""; // only where the browser keeps no cookie
  /** @type {string | null} */
  let revision = null; // of the words as they were last seen

  /** @param {boolean} again @returns {Promise<string>} */
  function askToken(again) {
    at("token-wrong").hidden = !again;
    if (!at("ask-token").open) at("ask-token").showModal();
    return new Promise((resolve) => {
      at("token-form").onsubmit = (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        if (!at("token").value.trim()) return;
        at("ask-token").close();
        resolve(at("token").value.trim());
      };
    });
  }

  /** @param {string} path @param {RequestInit} init @returns {Promise<Response>} also a refusal for the words' sake */
  async function ask(path, init = {}) {
    let asked = false;
    for (;;) {
      const headers = new Headers(init.headers);
      if (token) headers.set("Authorization", `Bearer ${token}`);
      const answer = await fetch(path, { ...init, headers }).catch(() => null);
      if (!answer) throw new Refusal("The service cannot be reached just now.");
      if (answer.ok || answer.status === 412) return answer;
      const problem = await answer.json().catch(() => ({}));
      if (answer.status !== 401 || problem.code === "address_wanted") {
        throw new Refusal(problem.detail ?? `The service answered ${answer.status}.`);
      }
      await signIn(await askToken(asked));
      asked = true;
    }
  }

  /** Exchanges the token for a session, as the guider's page does. @param {string} secret */
  async function signIn(secret) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(SESSION, { method: "POST", body: JSON.stringify({ secret }), headers }).catch(() => null);
    const isKept = answer?.ok && (await fetch(SESSION).catch(() => null))?.ok;
    token = isKept || answer?.status === 401 ? "" : secret;
  }

  async function readWords() {
    const answer = await ask(`${here}/words`);
    revision = answer.headers.get("ETag");
    return answer.status === 204 ? null : answer.json();
  }

  /** @param {string} file fetched whole where there is no session: a player cannot carry a token */
  const addressOf = async (file) => (token ? URL.createObjectURL(await (await ask(file)).blob()) : file);

  return {
    saves: "Save",
    begins: /^#\d{1,3}$/.test(location.hash) ? Number(location.hash.slice(1)) - 1 : null,
    load: async () => ({ ...(await (await ask(`${here}/review`)).json()), words: await readWords() }),
    /** @param {Moment} moment */
    address: ({ file }) => {
      if (!fetched.has(file)) fetched.set(file, addressOf(file));
      return /** @type {Promise<string>} */ (fetched.get(file));
    },
    /** @param {string} review @param {Words} words @param {boolean} over */
    save: async (review, words, over) => {
      const headers = new Headers({ "Content-Type": "application/json" });
      if (!over) headers.set(revision ? "If-Match" : "If-None-Match", revision ?? "*");
      const body = JSON.stringify({ kind: "vigpack-words", schema_version: 1, review, written_at: new Date().toISOString(), ...words });
      const answer = await ask(`${here}/words`, { method: "PUT", body, headers });
      if (answer.status === 412) return { told: "Somebody else has saved other words here meanwhile.", others: (await readWords()) ?? undefined };
      revision = answer.headers.get("ETag");
      return { told: "Saved." };
    },
    opened: () => document.querySelectorAll(".for-pack").forEach((one) => one.remove()),
  };
}

void start(openService());
