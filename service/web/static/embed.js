// @ts-check
// Puts the comments of a page, and the form for a new one, where this script stands:
//
//   <script async src="https://comments.example/embed.js" data-site="news"></script>
//
// or into each <comment-thread data-site="news"> of the page. What stands inside that element (a
// link, a plain form) is shown until the thread is here, and stays when the service cannot be
// reached. No cookies; no HTML is ever written from text; needs script-src and connect-src only.
(() => {
"use strict";

/**
 * @typedef {{id: string, parent_id: string | null, name: string, website: string, html: string,
 *   lang?: string, created_at: string, edited_at: string | null, status?: string}} Comment
 * @typedef {{count: number, comments: Comment[], next_cursor: string | null, own?: Comment[]}} Page
 * @typedef {{field: string, code: string, message: string}} FieldError
 * @typedef {{text: string, at: number, settings: {open: boolean, notify: boolean, confirm: boolean}}} Token
 */

const STYLE = "";
const YOUNGEST = 3200; // milliseconds; a form token that comes back sooner looks like a machine's
const OLDEST = 6 * 3600 * 1000;
const DRAFT_LIMIT = 20000;

const script = /** @type {HTMLScriptElement | null} */ (
  document.currentScript || document.querySelector('script[src*="/embed.js"]')
);
const BASE = script ? script.src.replace(/\/embed\.js(?:[?#].*)?$/, "") : "";

const WORDS = {
  comments: (/** @type {number} */ n) => (n === 1 ? "1 comment" : `${n} comments`),
  none: "No comments are published yet.",
  more: "Show more comments",
  reply: "Reply",
  replyTo: (/** @type {string} */ name) => `Reply to ${name}`,
  inReplyTo: (/** @type {string} */ name) => `in reply to ${name}`,
  edited: "edited",
  waiting: "Waiting for review: only you see this",
  leave: "Leave a comment",
  cancel: "Cancel reply",
  hint: "Your email address will not be published. Required fields are marked *",
  review: "A moderator may have to look at your comment before it appears.",
  comment: "Comment",
  name: "Name",
  email: "Email",
  website: "Website",
  confirm: "Send me a link to confirm my email address, so that my comments are published at once where nothing speaks against it",
  notify: "Email me when somebody replies to my comment",
  proven: "Thank you. Your email address is confirmed in this browser.",
  empty: "Leave this empty",
  post: "Post comment",
  sending: "Sending…",
  published: "Thank you. Your comment is published.",
  held: "Thank you. A moderator will look at your comment; until then only you see it here.",
  mailed: "An email with a link is on its way to you.",
  fields: "Not sent yet: please look at the marked fields. Everything you typed is still here.",
  offline: "Not sent: the comment service cannot be reached. Everything you typed is still here.",
  kept: "Everything you typed is still here.",
  again: (/** @type {number} */ s) => (s > 90 ? `Try again in ${Math.ceil(s / 60)} minutes.` : `Try again in ${s} seconds.`),
  closed: "Comments are closed here.",
  notHere: "That comment is not public. It may still be waiting for a moderator.",
  plain: "Read and write comments on a page of their own",
};

/** An answer that is a problem (RFC 9457). */
class Refused extends Error {
  /** @param {{status: number, code: string, title: string, detail: string, errors: FieldError[]}} problem
   *  @param {number} wait seconds */
  constructor(problem, wait) {
    super(problem.detail);
    this.problem = problem;
    this.wait = wait;
  }
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<any>} */
async function call(path, options = {}) {
  const answer = await fetch(BASE + path, { credentials: "omit", ...options });
  const body = await answer.json();
  if (answer.ok) return body;
  throw new Refused(body, Number(answer.headers.get("Retry-After")) || 0);
}

/** @param {Record<string, string>} fields */
const query = (fields) => "?" + new URLSearchParams(fields);

/** At most `limit` whole characters. @param {string} text @param {number} limit */
const cut = (text, limit) => [...text.slice(0, limit * 2)].slice(0, limit).join("");

/** sessionStorage where there is one: some browsers and frames refuse it.
 *  @param {string} key @param {string | null} [value] @returns {string} */
function kept(key, value) {
  try {
    if (value) sessionStorage.setItem(key, value);
    else if (value !== undefined) sessionStorage.removeItem(key);
    return sessionStorage.getItem(key) || "";
  } catch {
    return "";
  }
}

/** The proof of a confirmed address, which a link from the service brings along in the part of the
 *  page's address that is sent to nobody. It is taken out of there at once.
 *  @param {string} site @returns {{text: string, fresh: boolean}} */
function proofOf(site) {
  const found = /^#comment-desk-proof=(\d+\.[\w-]{32})$/.exec(location.hash);
  const key = `comment-desk ${site} proof`;
  if (found) history.replaceState(history.state, "", location.pathname + location.search);
  try {
    if (found) localStorage.setItem(key, found[1]);
    return { text: localStorage.getItem(key) || "", fresh: Boolean(found) };
  } catch { // no place to keep it: good for as long as the page is open
    return { text: found ? found[1] : "", fresh: Boolean(found) };
  }
}

// --- building nodes: text stays text, and comments bring only the tags listed here ---

/** @param {string} tag @param {Record<string, any>} [traits] @param {(Node | string)[]} inside */
function node(tag, traits = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside);
  return made;
}

const TAGS = new Set("a blockquote br code em li ol p pre s strong ul".split(" "));
const ENTITIES = /** @type {Record<string, string>} */ ({
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", "#39": "'", "#x27": "'", "#34": '"',
});
const PIECES = /<(\/?)([a-z]+)((?:[^<>"]|"[^"]*")*)>|[^<]+|</g;
const HREF = /\shref="((?:https?:|mailto:)[^"]*)"/i;

/** @param {string} text */
const decoded = (text) => text.replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);

/** The service's HTML of a comment as nodes: our tags and their links, anything else as its text.
 *  @param {string} html */
function nodesOf(html) {
  const root = document.createDocumentFragment();
  /** @type {(DocumentFragment | HTMLElement)[]} */
  const open = [root];
  for (const [piece, closing, tag, traits] of html.matchAll(PIECES)) {
    const here = open[open.length - 1];
    if (!tag) here.append(decoded(piece));
    else if (!TAGS.has(tag)) continue;
    else if (closing) {
      if (open.length > 1 && here instanceof HTMLElement && here.localName === tag) open.pop();
    } else {
      const made = document.createElement(tag);
      const href = tag === "a" && HREF.exec(traits);
      if (href) {
        made.setAttribute("href", decoded(href[1]));
        made.setAttribute("rel", "nofollow ugc noopener");
      }
      const start = tag === "ol" && /\sstart="(\d+)"/.exec(traits);
      if (start) made.setAttribute("start", start[1]);
      here.append(made);
      if (tag !== "br") open.push(made);
    }
  }
  return root;
}

/** Comments with replies under what they answer, each with its depth.
 *  @param {Comment[]} comments
 *  @returns {{comment: Comment, depth: number, parent: Comment | undefined}[]} */
function inPlace(comments) {
  const known = new Map(comments.map((comment) => [comment.id, comment]));
  const replies = /** @type {Map<string, Comment[]>} */ (new Map());
  for (const comment of known.values()) {
    const under = comment.parent_id && known.has(comment.parent_id) ? comment.parent_id : "";
    replies.set(under, [...(replies.get(under) || []), comment]);
  }
  const placed = [];
  const waiting = (replies.get("") || []).map((comment) => ({ comment, depth: 0 })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { comment, depth } = next;
    placed.push({ comment, depth, parent: known.get(comment.parent_id || "") });
    for (const reply of (replies.get(comment.id) || []).reverse()) {
      waiting.push({ comment: reply, depth: Math.min(depth + 1, 4) });
    }
  }
  return placed;
}

// --- the element ---

const FIELDS = ["comment", "name", "email", "website"];
const BOXES = ["confirm", "notify"]; // of the form, shown where the site sends mails

class CommentThread extends HTMLElement {
  /** @type {Comment[]} */ comments = [];
  /** @type {Comment[]} */ own = [];
  count = 0;
  /** @type {string | null} */ cursor = null;
  /** @type {Comment | null} */ parent = null;
  /** @type {Promise<Token> | null} */ token = null;
  sending = false;
  refused = false; // this page is, and its author has been told
  closed = false; // comments are, as far as we know
  attempt = { body: "", key: "" };

  connectedCallback() {
    if (this.root) return;
    this.site = this.dataset.site || (script && script.dataset.site) || "";
    const canonical = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="canonical"]'));
    this.page = this.dataset.page || (canonical && canonical.href) || location.href.split("#")[0];
    this.place = { site: this.site, page_url: this.page };
    this.locale = /** @type {HTMLElement | null} */ (this.closest("[lang]"))?.lang || "";
    this.proof = proofOf(this.site);
    this.memory = `comment-desk ${this.site} ${this.page}`;
    this.load().then(() => this.mount(), (error) => this.giveUp(error));
  }

  /** Fetch the first comments, with the author's own waiting one. */
  async load() {
    const token = kept(`${this.memory} token`);
    const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
    /** @type {Page} */
    const page = await call("/api/v1/comments" + query(this.place), { headers });
    this.count = page.count;
    this.comments = page.comments;
    this.cursor = page.next_cursor;
    this.own = page.own || [];
  }

  async loadMore() {
    const page = await call("/api/v1/comments" + query({ ...this.place, cursor: this.cursor || "" }));
    const first = page.comments[0];
    this.comments = this.comments.concat(page.comments);
    this.cursor = page.next_cursor;
    this.draw();
    if (first) this.reach(first.id);
  }

  /** Show thread and form; text typed into a plain form inside this element moves along. */
  mount() {
    this.root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.root.adoptedStyleSheets = [sheet];
    this.heading = node("h2", { id: "comments-title" });
    this.list = node("div");
    this.told = node("p", { class: "told", role: "status", tabindex: "-1" });
    this.form = this.makeForm();
    this.home = node("div", {}, this.form);
    this.root.append(
      node("section", { class: "comments", "aria-labelledby": "comments-title" },
        this.heading, this.list, this.told, this.home),
    );
    for (const name of FIELDS) {
      const typed = /** @type {HTMLInputElement | null} */ (this.querySelector(`[name="${name}"]`));
      if (typed && typed.value) this.field(name).value = typed.value;
    }
    const draft = kept(`${this.memory} draft`);
    if (draft && !this.field("comment").value) this.field("comment").value = draft;
    this.draw();
    this.follow();
    if (this.proof?.fresh) this.tell(WORDS.proven);
    addEventListener("hashchange", () => this.follow());
  }

  /** @param {Error} error */
  giveUp(error) {
    console.warn(`comment-thread: ${error.message}`, this.place);
    if (this.children.length) return;
    this.append(node("a", { href: `${BASE}/threads${query(this.place)}` }, WORDS.plain));
  }

  // --- the thread ---

  draw() {
    const { heading, list, home, form } = this;
    if (!heading || !list || !home || !form) return;
    heading.textContent = WORDS.comments(this.count);
    const shown = inPlace([...this.comments, ...this.own]);
    if (!this.closed) home.append(form); // out of the list before it is made anew
    const rows = shown.map((place) => this.row(place));
    list.replaceChildren(rows.length ? node("ol", { class: "thread" }, ...rows) : node("p", { class: "empty" }, WORDS.none));
    if (this.cursor) {
      const button = node("button", { type: "button", click: () => this.loadMore().catch((error) => this.tell(error.message)) }, WORDS.more);
      list.append(node("p", { class: "more" }, button));
    }
    this.placeForm();
  }

  /** @param {{comment: Comment, depth: number, parent: Comment | undefined}} place */
  row({ comment, depth, parent }) {
    const name = node("bdi", {}, comment.name);
    const website = /^https?:\/\//i.test(comment.website) && comment.website;
    const at = new Date(comment.created_at);
    const by = node("p", { class: "by" },
      node("b", {}, website ? node("a", { href: website, rel: "nofollow ugc noopener" }, name) : name));
    if (parent) by.append(node("a", { class: "when", href: `#comment-${parent.id}` }, node("bdi", {}, WORDS.inReplyTo(parent.name))));
    by.append(node("a", { class: "when", href: `#comment-${comment.id}` },
      node("time", { datetime: comment.created_at }, this.moment(at))));
    if (comment.edited_at) by.append(node("span", { class: "note" }, WORDS.edited));
    if (comment.status) by.append(node("span", { class: "waiting" }, WORDS.waiting));
    const article = node("article", {}, by,
      node("div", { class: "text", dir: "auto", lang: comment.lang || false }, nodesOf(comment.html)));
    if (!comment.status && !this.closed) {
      const label = WORDS.replyTo(comment.name);
      article.append(node("p", { class: "actions" },
        node("button", { type: "button", "aria-label": label, click: () => this.replyTo(comment) }, WORDS.reply)));
    }
    return node("li", { class: `comment depth-${depth}`, id: `comment-${comment.id}`, tabindex: "-1" }, article);
  }

  /** @param {Date} at */
  moment(at) {
    const shape = /** @type {Intl.DateTimeFormatOptions} */ ({ dateStyle: "long", timeStyle: "short" });
    try {
      return at.toLocaleString(this.locale || undefined, shape);
    } catch { // a lang that is no language
      return at.toLocaleString(undefined, shape);
    }
  }

  /** Go to the comment that the page's address names, if it names one. */
  follow() {
    const id = /^#comment-([0-9a-f-]{36})$/.exec(location.hash);
    if (id && !this.reach(id[1]) && !this.cursor) this.tell(WORDS.notHere);
  }

  /** Scroll to a comment and put the focus there. @param {string} id */
  reach(id) {
    const row = this.root && this.root.getElementById(`comment-${id}`);
    if (!row) return false;
    for (const other of this.root?.querySelectorAll(".reached") || []) other.classList.remove("reached");
    row.classList.add("reached");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    return true;
  }

  // --- the form ---

  makeForm() {
    const star = () => node("span", { "aria-hidden": "true" }, " *");
    /** @param {string} name @param {string} tag @param {Record<string, any>} traits */
    const field = (name, tag, traits) => {
      const required = name !== "website";
      return node("p", { class: "field" },
        node("label", { for: `f-${name}` }, WORDS[/** @type {"name"} */ (name)], ...(required ? [star()] : [])),
        node(tag, { id: `f-${name}`, name, required, "aria-describedby": `e-${name}`, ...traits }),
        node("span", { class: "error", id: `e-${name}`, hidden: true }));
    };
    const form = /** @type {HTMLFormElement} */ (node("form",
      { class: "comment-form", novalidate: true, "aria-labelledby": "respond-title" },
      node("h2", { id: "respond-title" }, WORDS.leave),
      node("p", { class: "cancel", hidden: true },
        node("button", { type: "button", class: "plain", click: () => this.replyTo(null) }, WORDS.cancel)),
      node("p", { class: "hint" }, WORDS.hint),
      node("div", { class: "problem", role: "alert", hidden: true }),
      field("comment", "textarea", { rows: "7", dir: "auto" }),
      node("div", { class: "fields" },
        field("name", "input", { autocomplete: "name", maxlength: "100" }),
        field("email", "input", { type: "email", autocomplete: "email", maxlength: "254" }),
        field("website", "input", { autocomplete: "url", inputmode: "url", maxlength: "2048" })),
      ...BOXES.map((name) => node("p", { class: "box", id: `b-${name}`, hidden: true },
        node("input", { type: "checkbox", id: `f-${name}`, name }),
        node("label", { for: `f-${name}` }, WORDS[/** @type {"notify"} */ (name)]))),
      node("div", { class: "trap", "aria-hidden": "true" },
        node("label", {}, WORDS.empty, node("input", { name: "url2", tabindex: "-1", autocomplete: "off" }))),
      node("p", { class: "hint" }, WORDS.review),
      node("p", {}, node("button", { class: "post" }, WORDS.post))));
    form.addEventListener("focusin", () => this.prepare());
    form.addEventListener("input", () => {
      this.tell(""); // thanks for the last one
      kept(`${this.memory} draft`, this.field("comment").value.slice(0, DRAFT_LIMIT));
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    return form;
  }

  /** @param {string} name @returns {HTMLInputElement} */
  field(name) {
    return /** @type {any} */ (this.form).elements.namedItem(name);
  }

  /** @param {string} selector @returns {HTMLElement} */
  part(selector) {
    return /** @type {any} */ (this.form).querySelector(selector);
  }

  /** The form goes under the comment that is answered, or back under the thread.
   *  @param {Comment | null} comment */
  replyTo(comment) {
    const before = this.parent;
    this.parent = comment;
    this.tell("");
    this.placeForm();
    if (comment) this.field("comment").focus();
    else if (before) this.reach(before.id);
  }

  placeForm() {
    const { parent, form, home, root } = this;
    if (!form || !home || !root || this.closed) return;
    const row = parent && root.getElementById(`comment-${parent.id}`);
    (row || home).append(form);
    this.part("#respond-title").textContent = parent ? WORDS.replyTo(parent.name) : WORDS.leave;
    this.part(".cancel").hidden = !parent;
  }

  /** Fetch a form token once somebody turns to the form; a new one when it has become old. */
  prepare() {
    this.token ||= call("/api/v1/form" + query(this.place)).then(
      (form) => ({ text: form.form_token, at: Date.now(), settings: form.settings }),
    );
    this.token.then((token) => {
      if (!token.settings.open) this.close();
      this.part("#b-confirm").hidden = !token.settings.confirm || Boolean(this.proof?.text);
      this.part("#b-notify").hidden = !token.settings.notify;
      if (Date.now() - token.at > OLDEST) this.token = null;
    }, (error) => {
      this.token = null; // the next focus tries again
      if (!(error instanceof Refused) || error.problem.status !== 403 || this.refused) return;
      this.refused = true;
      this.mark([], error.message);
      console.warn(`comment-desk: ${error.message} (${new URL(this.page || "", location.href).origin})`);
    });
    return this.token;
  }

  close() {
    this.closed = true;
    this.home?.replaceChildren(node("p", { class: "closed", role: "status" }, WORDS.closed));
    this.draw();
  }

  /** Send the comment; whatever happens, what was typed stays until it is taken in. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    const button = this.part(".post");
    button.setAttribute("aria-disabled", "true");
    button.textContent = WORDS.sending;
    this.mark([]);
    try {
      const token = await this.prepare();
      const young = token.at + YOUNGEST - Date.now();
      if (young > 0) await new Promise((resolve) => setTimeout(resolve, young));
      await this.taken(await this.post(token.text));
    } catch (error) {
      this.failed(error);
    } finally {
      this.sending = false;
      button.removeAttribute("aria-disabled");
      button.textContent = WORDS.post;
    }
  }

  /** @param {string} form_token */
  post(form_token) {
    const website = this.field("website").value.trim();
    const typed = {
      ...this.place,
      ...(this.parent ? { parent_id: this.parent.id } : {}),
      name: this.field("name").value,
      email: this.field("email").value,
      website: website && !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(website) ? `https://${website}` : website,
      comment: this.field("comment").value,
      url2: this.field("url2").value,
      ...Object.fromEntries(BOXES.map((name) => [name, this.field(name).checked])),
    };
    const body = JSON.stringify(typed);
    if (this.attempt.body !== body) { // the same text again keeps its key: nothing comes in twice
      const random = crypto.getRandomValues(new Uint8Array(16));
      this.attempt = { body, key: Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("") };
    }
    const around = /** @type {HTMLElement | null} */ (document.querySelector("article, main"));
    return call("/api/v1/comments", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": this.attempt.key },
      body: JSON.stringify({
        ...typed,
        page_title: cut(document.title, 300),
        page_text: cut((around?.innerText || "").trim(), 2000),
        lang: cut(this.locale || "", 100),
        form_token,
        author_token: this.proof?.text || "",
      }),
    });
  }

  /** @param {{id: string, status: string, edit_token?: string}} receipt */
  async taken(receipt) {
    if (receipt.edit_token) kept(`${this.memory} token`, receipt.edit_token);
    kept(`${this.memory} draft`, null);
    this.field("comment").value = "";
    const asked = !this.proof?.text && BOXES.some((name) => this.field(name).checked);
    this.field("confirm").checked = false; // one link is enough
    this.token = null; // good for one comment
    this.attempt = { body: "", key: "" };
    this.parent = null;
    await this.load().catch(() => undefined); // it is taken in, whether or not it can be shown now
    this.draw();
    this.tell([receipt.status === "published" ? WORDS.published : WORDS.held, ...(asked ? [WORDS.mailed] : [])].join(" "));
    this.reach(receipt.id) || this.told?.focus();
  }

  /** @param {unknown} error */
  failed(error) {
    if (!(error instanceof Refused)) return this.mark([], WORDS.offline);
    const { problem, wait } = error;
    if (problem.status === 503) this.token = null;
    if (problem.status === 409) this.attempt = { body: "", key: "" };
    const fields = problem.errors.filter((found) => FIELDS.includes(found.field));
    if (fields.length) return this.mark(fields, WORDS.fields);
    return this.mark([], [wait ? `${problem.detail.split(". ")[0]}. ${WORDS.again(wait)}` : problem.detail, WORDS.kept].join(" "));
  }

  /** Show what is wrong, at the fields and above them; the focus goes to the first.
   *  @param {FieldError[]} errors @param {string} [summary] */
  mark(errors, summary = "") {
    const problem = this.part(".problem");
    problem.textContent = summary;
    problem.hidden = !summary;
    for (const name of FIELDS) {
      const found = errors.find((error) => error.field === name);
      const place = this.part(`#e-${name}`);
      place.textContent = found ? found.message : "";
      place.hidden = !found;
      this.field(name).setAttribute("aria-invalid", String(Boolean(found)));
    }
    const first = FIELDS.find((name) => errors.some((error) => error.field === name));
    if (first) this.field(first).focus();
  }

  /** @param {string} text */
  tell(text) {
    if (this.told) this.told.textContent = text;
  }
}

// --- where the script stands, and counts for lists of articles ---

/** Fill in `<a data-comment-count href="…">`; whatever stands in it stays if that fails. */
async function fillCounts() {
  const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("a[data-comment-count]")]);
  const site = script?.dataset.site || "";
  for (let start = 0; site && start < links.length; start += 100) {
    const some = links.slice(start, start + 100);
    const pages = new URLSearchParams({ site });
    const urls = some.map((link) => link.href.split("#")[0]);
    for (const url of new Set(urls)) pages.append("page_url", url);
    const { counts } = await call(`/api/v1/counts?${pages}`);
    some.forEach((link, i) => (link.textContent = WORDS.comments(counts[urls[i]] || 0)));
  }
}

/** Once the whole page is there: a thread after the script, unless the page says where else. */
function start() {
  if (!script?.dataset.site && !document.querySelector("comment-thread[data-site]")) {
    console.warn('comment-desk: the script has no data-site="…"');
  }
  const standsHere = script?.dataset.site && script.parentElement !== document.head;
  if (standsHere && !document.querySelector("comment-thread, a[data-comment-count]")) {
    script.after(node("comment-thread"));
  }
  fillCounts().catch((error) => console.warn(`comment-thread: ${error.message}`));
}

if (!customElements.get("comment-thread")) {
  customElements.define("comment-thread", CommentThread);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start, { once: true });
  else start();
}
})();
