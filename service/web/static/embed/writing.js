// @ts-check
// --- writing: fetched once somebody turns to the form, or does something with a comment ---

const YOUNGEST = 3200; // milliseconds; a form token that comes back sooner looks like a machine's
const OLDEST = 6 * 3600 * 1000;

/** @typedef {{parameters: {algorithm: string, nonce: string, salt: string, cost: number,
 *   keyLength: number, keyPrefix: string}}} Challenge */
/** @type {Record<string, any>} */ const ENGLISH = {};

/** A proof of work (Altcha, version 2), "" where none can be made. The browser derives the keys off
 *  this thread, and between them the page has its turn.
 *  @param {Challenge | undefined} challenge */
async function solve(challenge) {
  const { algorithm = "", nonce = "", salt = "", cost = 0, keyLength = 0, keyPrefix = "" } = challenge?.parameters || {};
  if (algorithm !== "PBKDF2/SHA-256" || !window.crypto?.subtle) return ""; // a page on plain http
  const bytes = (/** @type {string} */ hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  const password = bytes(nonce + "00000000");
  let began = performance.now();
  for (let counter = 0; counter < 1e5; counter++) {
    new DataView(password.buffer).setUint32(password.length - 4, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const bits = new Uint8Array(await crypto.subtle.deriveBits(how, key, keyLength * 8));
    const derivedKey = Array.from(bits, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (derivedKey.startsWith(keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    if (performance.now() - began > 30) {
      await new Promise((resolve) => setTimeout(resolve));
      began = performance.now();
    }
  }
  return "";
}

/** Sends what a reader writes. @param {any} thread the element @param {any} tools of embed.js */
export class Writer {
  /** @type {Promise<{text: string, at: number, settings: Record<string, any>, proof: Promise<string>}> | null} */ token = null;
  sending = false;
  refused = false; // this page is, and its author has been told
  attempt = { body: "", key: "" };

  constructor(thread, tools) {
    this.thread = thread;
    this.tools = tools;
    thread.words = { ...ENGLISH, ...thread.words };
  }

  /** Fetch a form token once somebody turns to the form; a new one when it has become old. */
  prepare() {
    const { thread, tools: { call, query, Refused } } = this;
    this.token ||= call("/api/v1/form" + query(thread.place)).then(
      (form) => ({
        text: form.form_token, at: Date.now(), settings: form.settings,
        proof: solve(form.proof).catch(() => ""),
      }),
    );
    this.token.then((token) => {
      if (!token.settings.open) thread.close();
      thread.part("#b-confirm").hidden = !token.settings.confirm || Boolean(thread.proof.text);
      thread.part("#b-notify").hidden = !token.settings.notify;
      if (Date.now() - token.at > OLDEST) this.token = null;
    }, (error) => {
      this.token = null; // the next focus tries again
      if (!(error instanceof Refused) || error.problem.status !== 403 || this.refused) return;
      this.refused = true;
      thread.mark([], error.message);
      console.warn(`comment-desk: ${error.message} (${new URL(thread.place.page_url, location.href).origin})`);
    });
    return this.token;
  }

  /** Send the form; whatever happens, what was typed stays until it is taken in. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    const { thread } = this;
    const button = thread.part(".post");
    const words = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = thread.say("sending");
    thread.mark([]);
    try {
      if (thread.changed) await this.replace(thread.changed.id);
      else await this.post();
    } catch (error) {
      button.textContent = words;
      this.failed(error);
    } finally {
      this.sending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  async post() {
    const { thread, tools: { call, sending, keepAuthor, cut } } = this;
    const token = await this.prepare();
    const young = token.at + YOUNGEST - Date.now();
    if (young > 0) await new Promise((resolve) => setTimeout(resolve, young));
    const proof = await token.proof;
    const typed = this.typed();
    const body = JSON.stringify(typed);
    if (this.attempt.body !== body) { // the same text again keeps its key: nothing comes in twice
      const random = crypto.getRandomValues(new Uint8Array(16));
      this.attempt = { body, key: Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("") };
    }
    const around = /** @type {HTMLElement | null} */ (document.querySelector("article, main"));
    const receipt = await call("/api/v1/comments", sending("POST", {
      ...typed,
      page_title: cut(document.title, 300),
      page_text: cut((around?.innerText || "").trim(), 2000),
      lang: cut(thread.locale, 100),
      form_token: token.text,
      author_token: thread.proof.text,
      ...(proof ? { proof } : {}),
    }, { "Idempotency-Key": this.attempt.key }));
    keepAuthor(typed);
    await this.taken(receipt, typed.comment);
  }

  /** What stands in the form. */
  typed() {
    const { thread } = this;
    const website = thread.field("website").value.trim();
    return {
      ...thread.place,
      ...(thread.parent ? { parent_id: thread.parent.id } : {}),
      name: thread.field("name").value,
      email: thread.field("email").value,
      website: website && !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(website) ? `https://${website}` : website,
      comment: thread.field("comment").value,
      consent: thread.field("consent").checked,
      confirm: thread.field("confirm").checked,
      notify: thread.field("notify").checked,
      url2: thread.field("url2").value,
    };
  }

  /** Send the new text of one's own comment. @param {string} id */
  async replace(id) {
    const { thread, tools: { call, sending, bearer } } = this;
    const comment = thread.field("comment").value;
    const { token } = thread.mine()[id];
    const receipt = await call(`/api/v1/comments/${id}`, sending("PATCH", { comment }, bearer(token)));
    await this.taken({ edit_token: token, ...receipt }, comment);
  }

  /** @param {{id: string, status: string, edit_token?: string, edit_until?: string}} receipt
   *  @param {string} text */
  async taken({ id, status, edit_token, edit_until }, text) {
    const { thread } = this;
    if (edit_token) thread.keepMine(id, { token: edit_token, until: edit_until || "", text });
    this.token = null; // good for one comment
    this.attempt = { body: "", key: "" };
    const confirm = thread.field("confirm");
    const asked = !thread.changed && !thread.proof.text && (confirm.checked || thread.field("notify").checked);
    confirm.checked = false; // one link is enough
    await thread.taken(id, [status === "published" ? "published" : "held", ...(asked ? ["mailed"] : [])]);
  }

  /** @param {any} error */
  failed(error) {
    const { thread, tools: { Refused } } = this;
    if (error instanceof Refused) {
      if (error.problem.status === 503) this.token = null;
      if (error.problem.status === 409) this.attempt = { body: "", key: "" };
      const fields = error.problem.errors.filter((found) => thread.form.elements.namedItem(found.field));
      if (fields.length) return thread.mark(fields, thread.say("fields"));
      return thread.mark([], `${this.explain(error)} ${thread.say("kept")}`);
    }
    if (navigator.onLine) return thread.failed(error);
    addEventListener("online", () => this.send(), { once: true, signal: thread.life?.signal });
    return thread.mark([], thread.say("unplugged"));
  }

  /** A refusal in words, with the time to wait. @param {any} error */
  explain({ problem: { code, detail }, wait }) {
    const { thread } = this;
    if (!wait) return thread.words[code] || detail;
    const again = wait > 90 ? thread.say("minutes", { n: Math.ceil(wait / 60) }) : thread.say("seconds", { n: wait });
    return `${thread.words[code] || `${detail.split(". ")[0]}.`} ${again}`;
  }

  /** Show the comment as it would be published. */
  async preview() {
    const { thread, tools: { call, sending, node, nodesOf } } = this;
    thread.mark([]);
    try {
      const comment = thread.field("comment").value;
      const { html } = await call("/api/v1/preview", sending("POST", { site: thread.place.site, comment }));
      const shown = thread.part(".preview");
      shown.replaceChildren(node("p", { class: "hint" }, thread.say("previewOf")),
        node("div", { class: "text", dir: "auto" }, nodesOf(html)));
      shown.hidden = false;
      shown.focus();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Ask before something is done, under the comment it is done to.
   *  @param {string} id @param {"withdraw" | "report"} what */
  ask(id, what) {
    const { thread, tools: { node } } = this;
    const article = thread.rows.get(id)?.row.querySelector("article");
    article?.querySelector(".ask")?.remove();
    const question = thread.say(`${what}Sure`);
    const group = node("div", { class: "ask", role: "group", "aria-label": question },
      node("p", {}, question),
      node("p", { class: "actions" },
        thread.button(thread.say(what), async () => {
          await this[what](id);
          group.remove();
        }),
        thread.button(thread.say("no"), () => {
          group.remove();
          thread.reach(id);
        })));
    article?.append(group);
    group.querySelector("button").focus();
  }

  /** @param {string} id */
  async withdraw(id) {
    const { thread, tools: { call, bearer } } = this;
    await call(`/api/v1/comments/${id}`, { method: "DELETE", headers: bearer(thread.mine()[id].token) });
    thread.keepMine(id, null);
    await thread.load();
    thread.draw();
    thread.tell(thread.say("withdrawn"), true);
  }

  /** @param {string} id */
  async report(id) {
    const { thread, tools: { call, sending } } = this;
    await call(`/api/v1/comments/${id}/reports`, sending("POST", {}));
    thread.tell(thread.say("reported"), true);
  }
}
