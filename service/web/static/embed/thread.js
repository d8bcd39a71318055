// @ts-check
// --- the thread: read, drawn, followed ---

const POLL = 60000; // milliseconds between two looks for new comments, give or take a quarter
const LATEST = 20; // comments looked at then
const OWN = 3; // waiting comments of one's own that are shown
const COMMENT = /^#comment-([0-9a-f-]{36})$/;

class Thread extends HTMLElement {
  static observedAttributes = ["data-site", "data-page"];

  /** @type {AbortController | undefined} */ life; // ends when the element leaves its place
  /** @type {Words} */ words = ENGLISH;
  /** @type {Comment[]} */ comments = [];
  /** @type {Comment[]} */ own = [];
  /** @type {Comment[]} */ arrived = [];
  /** @type {Set<string> | null} */ baseline = null; // the latest there were at the first look
  count = 0;
  /** @type {string | null} */ cursor = null;
  newestFirst = false;
  partial = false; // begins in the middle, at the comment that the address names
  closed = false; // comments are, as far as we know
  wait = 5; // seconds until the service is tried again
  /** @type {Map<string, {key: string, row: HTMLElement}>} */ rows = new Map();
  /** @type {Set<string>} */ folded = new Set(); // ids whose replies are hidden

  connectedCallback() {
    this.restart();
  }

  attributeChangedCallback() {
    if (this.life) this.restart();
  }

  disconnectedCallback() {
    this.life?.abort();
    this.life = undefined;
  }

  /** Begin anew once all that changes now has changed. */
  restart() {
    this.life?.abort();
    const { signal } = (this.life = new AbortController());
    queueMicrotask(() => signal.aborted || this.begin(signal));
  }

  /** @param {AbortSignal} signal */
  async begin(signal) {
    const site = this.dataset.site || script?.dataset.site || "";
    const canonical = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="canonical"]'));
    const page_url = this.dataset.page || canonical?.href || location.href.split("#")[0];
    const memory = `comment-desk ${site} ${page_url}`;
    if (memory !== this.memory) {
      this.proof = proofOf(site);
      this.place = { site, page_url };
      this.memory = memory;
      this.locale = /** @type {HTMLElement | null} */ (this.closest("[lang]"))?.lang || "";
      try {
        [this.words] = await Promise.all([wordsOf(this.locale), this.load()]);
      } catch (error) {
        if (!signal.aborted) this.giveUp(/** @type {Error} */ (error), signal);
        return;
      }
      if (signal.aborted) return;
      this.mount();
    }
    addEventListener("hashchange", () => this.follow(), { signal });
    this.watch(signal);
  }

  /** What the service cannot give now is tried again later; what stands in the element stays.
   *  @param {Error} error @param {AbortSignal} signal */
  giveUp(error, signal) {
    console.warn(`comment-thread: ${error.message}`, this.place);
    this.memory = "";
    if (!this.children.length) {
      this.append(node("a", { href: `${BASE}/threads${query(this.place || {})}` }, this.say("plain")));
    }
    if (error instanceof Refused && error.problem.status < 500) return;
    setTimeout(() => signal.aborted || this.restart(), this.wait * 1000 * (0.5 + Math.random()));
    this.wait = Math.min(this.wait * 2, 300);
  }

  /** @param {string} name @param {Record<string, string | number>} [inside] */
  say(name, inside) {
    return sentence(this.words, name, inside);
  }

  /** @param {Record<string, string>} [more] @param {RequestInit} [options] @returns {Promise<Page>} */
  read(more = {}, options) {
    const order = this.newestFirst ? { order: "newest" } : {};
    return call("/api/v1/comments" + query({ ...this.place, ...order, ...more }), options);
  }

  /** Fetch the first comments, or those from the one that the address names, and one's own. */
  async load() {
    let page = await this.read();
    this.partial = false;
    const { count } = page;
    const named = COMMENT.exec(location.hash)?.[1];
    if (named && page.next_cursor && !page.comments.some((comment) => comment.id === named)) {
      // ids sort by time, so the one just below leads to it
      const below = named.slice(0, 24) + (parseInt(named.slice(24), 16) - 1).toString(16).padStart(12, "0");
      const there = await this.read({ order: "oldest", cursor: below }).catch(() => page);
      this.partial = there.comments[0]?.id === named;
      if (this.partial) page = there;
    }
    const { comments, next_cursor } = page;
    Object.assign(this, { count, comments, cursor: next_cursor, arrived: [] });
    const waiting = Object.entries(this.mine()).slice(-OWN)
      .filter(([id]) => !comments.some((comment) => comment.id === id))
      .map(([, { token }]) => this.read({ limit: "1" }, { headers: bearer(token) }));
    this.own = (await Promise.all(waiting)).flatMap((answer) => answer.own || []);
  }

  /** What was written in this tab, by id. @returns {Record<string, Mine>} */
  mine() {
    return parsed(kept("sessionStorage", `${this.memory} mine`));
  }

  /** @param {string} id @param {Mine | null} mine */
  keepMine(id, mine) {
    const { [id]: _, ...others } = this.mine();
    const all = mine ? { ...others, [id]: mine } : others;
    kept("sessionStorage", `${this.memory} mine`, JSON.stringify(all));
  }

  async loadMore() {
    const page = await this.read({ cursor: this.cursor || "" });
    this.comments = this.comments.concat(page.comments);
    this.cursor = page.next_cursor;
    this.draw();
    if (page.comments[0]) this.reach(page.comments[0].id);
  }

  /** Fetch the thread anew, from its beginning. @param {boolean} newestFirst */
  async turn(newestFirst) {
    this.newestFirst = newestFirst;
    await this.load();
    this.draw();
    this.order?.querySelector("button")?.focus({ preventScroll: true });
  }

  /** Look now and then for comments that came meanwhile. @param {AbortSignal} signal */
  watch(signal) {
    const look = async () => {
      if (document.visibilityState === "visible") {
        const page = await this.read({ order: "newest", limit: String(LATEST) }, { signal }).catch(() => null);
        if (signal.aborted) return;
        if (page) this.offer(page);
      }
      again();
    };
    const again = () => setTimeout(() => signal.aborted || look(), POLL * (0.75 + Math.random() / 2));
    again();
  }

  /** Offer what is new; nothing moves until it is asked for. @param {Page} latest */
  offer({ count, comments }) {
    const known = new Set([...this.comments, ...this.own].map((comment) => comment.id));
    if (this.cursor) this.baseline ||= new Set(comments.map((comment) => comment.id));
    this.arrived = comments.filter(({ id }) => !known.has(id) && !(this.cursor && this.baseline?.has(id)));
    const { news } = this;
    if (!news) return;
    news.hidden = !this.arrived.length;
    if (!this.arrived.length) return;
    const words = this.say("arrived", { n: this.arrived.length });
    if (news.textContent !== words) news.replaceChildren(this.button(words, () => this.welcome(count)));
  }

  /** Show what is new. @param {number} count */
  async welcome(count) {
    const [newest] = this.arrived;
    if (this.cursor || this.arrived.length === LATEST) {
      this.baseline = null;
      await this.turn(true);
    } else {
      const way = this.newestFirst ? -1 : 1;
      this.comments = [...this.comments, ...this.arrived].sort((a, b) => (a.id < b.id ? -way : way));
      this.count = count;
      this.arrived = [];
      this.draw();
    }
    this.reach(newest.id);
  }

  /** Go to the comment that the page's address names, if it names one. */
  follow() {
    const id = COMMENT.exec(location.hash)?.[1];
    if (id && !this.reach(id) && !this.cursor) this.tell(this.say("notHere"));
  }

  /** Scroll to a comment and put the focus there. @param {string} id */
  reach(id) {
    const row = this.root?.getElementById(`comment-${id}`);
    if (!row) return false;
    if (row.hidden) {
      this.folded.clear();
      this.draw();
    }
    for (const other of this.root?.querySelectorAll(".reached") || []) other.classList.remove("reached");
    row.classList.add("reached");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    return true;
  }

  /** @param {string} words @param {() => void | Promise<void>} act @param {Record<string, any>} [traits] */
  button(words, act, traits = {}) {
    const click = async () => {
      try {
        await act();
      } catch (error) {
        this.tell(this.explain(error), true);
      }
    };
    return node("button", { type: "button", click, ...traits }, words);
  }
}
