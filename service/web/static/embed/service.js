// @ts-check
// Puts the comments of a page, and the form for a new one, where this script stands:
//
//   <script async src="https://comments.example/embed.js" data-site="news"></script>
//
// or into each <comment-thread data-site="news"> of the page. What stands inside that element (a
// link, a plain form) is shown until the thread is here, and stays when the service cannot be
// reached. No cookies; no HTML is ever written from text; needs script-src and connect-src only.

/**
 * @typedef {{id: string, parent_id: string | null, name: string, website: string, html: string,
 *   lang?: string, created_at: string, edited_at: string | null, status?: string}} Comment
 * @typedef {{count: number, comments: Comment[], next_cursor: string | null, own?: Comment[]}} Page
 * @typedef {{field: string, code: string, message: string}} FieldError
 * @typedef {{token: string, until: string, text: string}} Mine a comment written in this tab
 * @typedef {Record<string, any>} Words see words/en.json
 */

const STYLE = "";
/** @type {Words} */ const ENGLISH = {};
/** @type {string[]} */ const LANGUAGES = [];
const WRITING = ""; // the version of writing.js

const script = /** @type {HTMLScriptElement | null} */ (
  document.currentScript || document.querySelector('script[src*="/embed.js"]')
);
const BASE = script ? script.src.replace(/\/embed\.js(?:[?#].*)?$/, "") : "";

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
  if (answer.status === 204) return null;
  const body = await answer.json();
  if (answer.ok) return body;
  throw new Refused(body, Number(answer.headers.get("Retry-After")) || 0);
}

/** The options of a call that sends JSON. @param {string} method @param {object} body
 *  @param {Record<string, string>} [headers] */
const sending = (method, body, headers = {}) => (
  { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) }
);

/** @param {string} token */
const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** @param {Record<string, string>} fields */
const query = (fields) => "?" + new URLSearchParams(fields);

/** At most `limit` whole characters. @param {string} text @param {number} limit */
const cut = (text, limit) => [...text.slice(0, limit * 2)].slice(0, limit).join("");

/** What is kept under `key`; with a value, that is kept from now on (null: nothing). Some browsers
 *  and frames refuse to keep anything.
 *  @param {"sessionStorage" | "localStorage"} where @param {string} key
 *  @param {string | null} [value] @returns {string} */
function kept(where, key, value) {
  try {
    const storage = window[where];
    if (value) storage.setItem(key, value);
    else if (value !== undefined) storage.removeItem(key);
    return storage.getItem(key) || "";
  } catch {
    return "";
  }
}

/** The proof of a confirmed address, which a link from the service brings along in the part of the
 *  page's address that is sent to nobody. It is taken out of there at once, and is good for as long
 *  as the page is open where it cannot be kept.
 *  @param {string} site @returns {{text: string, isNew: boolean}} */
function proofOf(site) {
  const found = /^#comment-desk-proof=(\d+\.[\w-]{32})$/.exec(location.hash)?.[1];
  if (found) history.replaceState(history.state, "", location.pathname + location.search);
  const text = kept("localStorage", `comment-desk ${site} proof`, found) || found || "";
  return { text, isNew: Boolean(found) };
}

/** @param {string} text @returns {any} what JSON says, or nothing */
function parsed(text) {
  try {
    return JSON.parse(text) || {};
  } catch {
    return {};
  }
}

/** The words of a language (BCP 47), English where we do not speak it.
 *  @param {string} locale @returns {Promise<Words>} */
async function wordsOf(locale) {
  const language = locale.toLowerCase().split("-")[0];
  if (!LANGUAGES.includes(language)) return ENGLISH;
  const words = await call(`/embed/words/${language}.json`).catch(() => ({}));
  return { ...ENGLISH, ...words, ...words.writing };
}

/** A sentence with what belongs in its braces; one of several by its number `n`.
 *  @param {Words} words @param {string} name @param {Record<string, string | number>} [inside] */
function sentence(words, name, inside = {}) {
  const known = words[name];
  const text = typeof known === "string"
    ? known
    : known[new Intl.PluralRules(words.language).select(Number(inside.n))] || known.other;
  return text.replace(/\{(\w+)\}/g, (/** @type {string} */ all, /** @type {string} */ key) => String(inside[key] ?? all));
}
