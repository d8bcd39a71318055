// @ts-check
// What the desk has still to send: one request after the other, each until it is answered.
"use strict";

/**
 * @typedef {{status: number, body: any}} Answer status 0 where nobody answered
 * @typedef {{
 *   path: () => string, body?: () => unknown, key?: string, tries?: number,
 *   waits: (words: string) => void, ends: (answer: Answer) => void,
 * }} Job `path` may answer "" when its turn comes: there is nothing left to do
 */

const PAUSES = [250, 500, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000]; // milliseconds
const PATIENCE = 10000; // for one answer
const TRIES_OF_ERRORS = 3; // an error of the service's own seldom goes away by itself

/** Whether the same request may be answered in another way a little later. @param {Answer} answer */
const isPassing = ({ status }) => status === 0 || status === 429 || status >= 500;

/** What went wrong, in words. @param {Answer} answer */
function wrong({ status, body }) {
  if (status === 0) return "the service cannot be reached";
  if (status === 401) return "you are signed out; sign in again in another tab";
  if (status === 500) return "the service met an error";
  const told = body && typeof body.detail === "string" ? body.detail : `the service answered ${status}`;
  return told.replace(/\.$/, "");
}

/** An id that nobody else chooses; `crypto.randomUUID` is there over https alone. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Outbox {
  /** @param {string} api @param {string} csrf */
  constructor(api, csrf) {
    this.api = api;
    this.csrf = csrf;
    /** @type {Job[]} */ this.jobs = [];
    this.isBusy = false;
    addEventListener("beforeunload", (event) => {
      if (this.jobs.length) event.preventDefault();
    });
    // Whoever leaves even so: what may be sent without the answer before it is sent at once.
    addEventListener("pagehide", () => {
      for (const job of this.jobs) if (job.key) this.ask(job.path(), job.body?.(), job.key);
    });
  }

  /** @param {Job} job */
  send(job) {
    this.jobs.push(job);
    if (!this.isBusy) this.run();
  }

  async run() {
    this.isBusy = true;
    while (this.jobs.length) await this.next(this.jobs[0]);
    this.isBusy = false;
  }

  /** @param {Job} job */
  async next(job) {
    const path = job.path();
    const answer = path ? await this.ask(path, job.body?.(), job.key) : { status: 200, body: null };
    const tries = (job.tries || 0) + 1;
    job.tries = tries;
    const most = answer.status === 500 ? TRIES_OF_ERRORS : PAUSES.length;
    if (isPassing(answer) && tries < most) {
      for (const one of this.jobs) one.waits(wrong(answer));
      await pause(PAUSES[tries - 1]);
      return;
    }
    // one error is this request's own; a service that does not answer at all answers none of them
    const given = isPassing(answer) && answer.status !== 500 ? this.jobs.splice(0) : this.jobs.splice(0, 1);
    if (!isPassing(answer)) for (const one of this.jobs) one.waits("");
    for (const one of given.reverse()) one.ends(answer);
  }

  /** One request, which goes on when the page is left. Never throws.
   *  @param {string} path @param {unknown} [body] @param {string} [key] @returns {Promise<Answer>} */
  async ask(path, body, key) {
    /** @type {Record<string, string>} */
    const headers = { "X-CSRF-Token": this.csrf, "Content-Type": "application/json" };
    if (key) headers["Idempotency-Key"] = key;
    try {
      const answer = await fetch(this.api + path, {
        method: "POST", headers, body: JSON.stringify(body ?? {}), keepalive: true,
        signal: AbortSignal.timeout(PATIENCE),
      });
      const text = await answer.text();
      return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : null };
    } catch {
      return { status: 0, body: null };
    }
  }
}

/** Wait so long, or until the browser says that the network is back. @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve(undefined);
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end);
  });
}
