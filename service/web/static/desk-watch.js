// @ts-check
// What happens elsewhere while the desk is open: further pages, new comments, what others decide,
// and the leases that tell others what is looked at here.
"use strict";

/** @typedef {{id: string, status: string, version: number, by: string, claimed_by: string}} Standing */

const EVERY = 15000; // milliseconds between two looks
const TOLD = 4; // only each so many of them while the service says by itself that something changed
const AWAY = 10 * 60 * 1000; // milliseconds without key, pointer or scrolling: nobody sits here
const AHEAD = 6; // cards before the end when the next page is fetched
const LEASED = 5; // cards after the one with the focus
const WATCHED = 150; // more would make the address too long for some proxies

class Watch {
  /** @param {Outbox} outbox @param {(waiting: number) => void} count
   *  @param {(card: Card) => boolean} isUnsent whether a decision on it is under way */
  constructor(outbox, count, isUnsent) {
    this.outbox = outbox;
    this.count = count;
    this.isUnsent = isUnsent;
    this.api = outbox.api;
    this.desk = `${queue.dataset.base}/desk/`;
    this.me = queue.dataset.me;
    this.since = queue.dataset.since || "";
    this.turn = 0; // grows whenever something is decided here
    /** When a card was last decided here: older answers about it are of before.
     *  @type {WeakMap<Card, number>} */ this.turns = new WeakMap();
    this.etag = "";
    this.asked = "";
    /** @type {Promise<Card[]> | null} */ this.loading = null;
    /** @type {Card[]} */ this.fresh = [];
    /** @type {Map<string, number>} */ this.leases = new Map();
    this.leasedAt = -Infinity;
    this.leaseTimer = 0;
    this.usedAt = performance.now();
    this.button = /** @type {HTMLElement} */ (document.getElementById("fresh"));
    this.stream = new Stream(`${this.desk}events`, () => this.look());
    this.rounds = 0;
  }

  start() {
    const nav = document.querySelector("nav.pages");
    if (nav) {
      const near = (/** @type {IntersectionObserverEntry[]} */ seen) =>
        seen.some((entry) => entry.isIntersecting) && this.more();
      new IntersectionObserver(near, { rootMargin: "1500px" }).observe(nav);
    }
    this.button.addEventListener("click", () => this.showFresh());
    document.addEventListener("visibilitychange", () => this.look());
    for (const kind of ["keydown", "pointerdown", "scroll"]) {
      addEventListener(kind, () => this.used(), { capture: true, passive: true });
    }
    addEventListener("pagehide", () => this.release());
    addEventListener("pageshow", (event) => event.persisted && this.look());
    setInterval(() => this.round(), EVERY);
    this.stream.follow();
    this.keepLeases();
  }

  /** A look now and then; a rare one is enough while the stream flows. */
  round() {
    this.rounds = this.stream.flows ? this.rounds + 1 : 0;
    if (this.rounds % TOLD === 0) this.look();
  }

  get seconds() {
    return Number(queue.dataset.lease);
  }

  /** Whether nobody looks: then nothing is leased, and the session is left to end in its time. */
  get isAway() {
    return document.hidden || performance.now() - this.usedAt > AWAY;
  }

  used() {
    const wasAway = this.isAway;
    this.usedAt = performance.now();
    if (wasAway) this.look();
  }

  // --- further pages ---

  /** Fetch the next page and put it at the end; returns what it brought. */
  more() {
    this.loading ||= this.fetchMore().finally(() => (this.loading = null));
    return this.loading;
  }

  async fetchMore() {
    const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector('nav.pages [rel="next"]'));
    const end = document.getElementById("end");
    if (!link || !end) return [];
    const words = end.textContent;
    end.textContent = "Loading more…";
    const html = await fetchPage(link.href);
    end.textContent = words;
    if (!html) return []; // the link is still there, and is tried again
    const { page, cards } = cardsIn(html);
    const next = /** @type {HTMLAnchorElement | null} */ (page.querySelector('nav.pages [rel="next"]'));
    if (next) link.href = next.getAttribute("href") || "";
    else link.remove();
    return append(cards);
  }

  /** @param {Card} card with the focus */
  reached(card) {
    const cards = allCards();
    if (cards.length - cards.indexOf(card) <= AHEAD) this.more();
    this.leaseSoon();
  }

  // --- a look at what others do ---

  async look() {
    if (this.isAway) return;
    const turn = this.turn;
    const query = new URLSearchParams(queue.dataset.filter);
    query.set("ids", this.near(WATCHED).map(idOf).join(","));
    if (this.since) query.set("since", this.since);
    const asked = query.toString();
    const known = asked === this.asked ? this.etag : "";
    try {
      const answer = await fetch(`${this.api}/queue/watch?${asked}`, {
        headers: known ? { "If-None-Match": known } : {}, cache: "no-store",
      });
      if (answer.status !== 200) return;
      const { waiting, newer, standings } = await answer.json();
      if (turn === this.turn) {
        this.asked = asked;
        this.etag = answer.headers.get("ETag") || "";
        this.count(waiting);
      }
      for (const standing of standings) this.apply(standing, turn);
      await this.prepareFresh(newer);
    } catch {
      // asked again in a while
    }
  }

  /** So many cards around the focus that may change. @param {number} most */
  near(most) {
    const cards = allCards().filter((card) => !this.isUnsent(card));
    const at = Math.max(0, cards.indexOf(/** @type {Card} */ (focusedCard())));
    return cards.slice(Math.max(0, Math.min(at - most / 3, cards.length - most))).slice(0, most);
  }

  /** Something is decided here, or answered. @param {Card[]} cards */
  touched(cards) {
    this.turn++;
    for (const card of cards) this.turns.set(card, this.turn);
  }

  /** @param {Standing} now @param {number} turn in which it was asked for */
  apply(now, turn) {
    const card = cardOf(now.id);
    if (!card || this.isUnsent(card) || (this.turns.get(card) || 0) > turn) return;
    toldLooker(card, now.claimed_by === this.me ? "" : now.claimed_by);
    const isMine = card.dataset.stand === "own";
    const before = isMine ? card.dataset.became : card.dataset.status;
    const isSame = Number(card.dataset.version) === now.version;
    if (now.status === before && (isSame || isMine)) return;
    if (now.status === card.dataset.status) this.refresh(card);
    else inStillness(() => toGrey(card, becameWords(now.status, now.by)));
  }

  /** Show a card as it is now. @param {Card} card */
  async refresh(card) {
    const html = await fetchPage(`${this.desk}comments/${idOf(card)}/card`);
    const now = html && cardsIn(html).cards[0];
    if (!now || !card.isConnected || this.isUnsent(card)) return;
    inStillness(() => {
      replace(card, now);
      mark(now, "This has changed since you saw it. Here it is as it is now.");
    });
  }

  // --- what has come in ---

  /** Fetch what is new before it is offered, so that it is there at once. @param {number} newer */
  async prepareFresh(newer) {
    this.fresh = this.fresh.filter((card) => !document.getElementById(card.id));
    if (newer > 0 && this.fresh.length < Math.min(newer, 200)) {
      const query = new URLSearchParams(queue.dataset.filter);
      for (const [name, value] of [["order", "oldest"], ["since", this.since], ["limit", "200"]]) {
        query.set(name, value);
      }
      const html = await fetchPage(`${this.desk}?${query}`);
      this.fresh = cardsIn(html).cards.filter((card) => !document.getElementById(card.id));
    }
    const words = this.fresh.length ? `${this.fresh.length} new` : "";
    if (words && this.button.textContent !== words) say(`${words}: a button puts them at the end`);
    this.button.textContent = words;
    this.button.hidden = !words;
  }

  showFresh() {
    const [first] = append(this.fresh);
    if (!document.getElementById("end")) location.reload(); // the page was made with an empty list
    const ids = this.fresh.flatMap((card) => Object.keys(versionsOf(card)));
    this.since = ids.reduce((a, b) => (a > b ? a : b), this.since);
    this.fresh = [];
    this.button.hidden = true;
    this.button.textContent = "";
    const last = /** @type {Card | null} */ (queue.querySelector(':scope > [tabindex="0"]'));
    const card = last && isOpen(last) ? last : nextCard(null, isOpen) || first;
    card?.focus({ preventScroll: true }); // what is new stands further down: nothing moves for it
  }

  // --- leases: what is looked at here ---

  /** The card with the focus and the next ones. */
  get window() {
    const card = focusedCard();
    if (!card || this.isAway) return [];
    const cards = allCards();
    const ahead = cards.slice(cards.indexOf(card)).filter(isOpen);
    return ahead.filter((one) => one.dataset.status === "held").slice(0, 1 + LEASED);
  }

  /** Not for each card of whoever goes quickly: once a second is enough. */
  leaseSoon() {
    if (this.leaseTimer) return;
    const wait = Math.max(0, this.leasedAt + 1000 - performance.now());
    this.leaseTimer = setTimeout(() => {
      this.leaseTimer = 0;
      this.lease();
    }, wait);
  }

  /** As long as the page is open. */
  async keepLeases() {
    await this.lease();
    setTimeout(() => this.keepLeases(), (this.seconds * 1000) / 3);
  }

  /** Lease what is looked at, and renew what has run for half of its time. */
  async lease() {
    const soon = performance.now() + (this.seconds * 1000) / 2;
    const ids = this.window.map(idOf).filter((id) => (this.leases.get(id) || 0) < soon);
    if (!ids.length) return;
    this.leasedAt = performance.now();
    const until = this.leasedAt + this.seconds * 1000;
    const wanted = { ids, limit: ids.length, seconds: this.seconds };
    const answer = await this.outbox.ask("/queue/claim", wanted);
    if (answer.status !== 200) return; // a lease is a courtesy: nothing depends on it
    for (const { id } of answer.body.items) this.leases.set(id, until);
  }

  /** Free what is leased, as the page is left. */
  release() {
    const ids = [...this.leases].filter(([, until]) => until > performance.now()).map(([id]) => id);
    this.leases.clear();
    for (let at = 0; at < ids.length; at += 200) {
      this.outbox.ask("/queue/release", { ids: ids.slice(at, at + 200) });
    }
  }
}

/** The HTML of a page of ours, or "" where it cannot be had. @param {string} href */
async function fetchPage(href) {
  try {
    const answer = await fetch(href, { headers: { Accept: "text/html" }, redirect: "error" });
    return answer.ok ? await answer.text() : "";
  } catch {
    return "";
  }
}
