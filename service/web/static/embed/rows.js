// @ts-check
// --- the thread: shown ---

class ThreadView extends Thread {
  /** @type {Intl.DateTimeFormat | undefined} */ format; // of times

  /** Make the frame of it all; what stood in the element is hidden by it. */
  frame() {
    this.root ||= this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.root.adoptedStyleSheets = [sheet];
    this.heading = node("h2", { id: "comments-title" });
    this.order = node("p", { class: "more" });
    this.news = node("p", { class: "news", role: "status", hidden: true });
    this.list = node("ol", { class: "thread" });
    this.after = node("div");
    this.told = node("p", { class: "told", role: "status", tabindex: "-1" });
    this.home = node("div");
    this.rows.clear();
    this.format = undefined;
    this.root.replaceChildren(
      node("section", { class: "comments", lang: this.words.language, dir: this.words.dir || "ltr", "aria-labelledby": "comments-title" },
        node("div", { class: "top" }, this.heading, this.order), this.news, this.list, this.after, this.told, this.home),
    );
  }

  /** Show the comments; rows that have not changed stay as they are. */
  draw() {
    const { heading, list, after, news, order, root } = this;
    if (!heading || !list || !after || !news || !order) return;
    const focused = /** @type {HTMLElement | null} */ (root?.activeElement);
    heading.textContent = this.say("comments", { n: this.count });
    order.hidden = this.comments.length < 2;
    order.replaceChildren(
      this.button(this.say(this.newestFirst ? "oldest" : "newest"), () => this.turn(!this.newestFirst)));
    news.hidden = !this.arrived.length;
    const placed = inPlace([...this.comments, ...this.own]);
    const answers = /** @type {Map<string, number>} */ (new Map());
    for (const { comment, parent } of [...placed].reverse()) {
      if (parent) answers.set(parent.id, (answers.get(parent.id) || 0) + 1 + (answers.get(comment.id) || 0));
    }
    const hidden = new Set(); // ids of rows under a folded one
    const mine = this.mine();
    let next = list.firstChild; // rows that stand right are not touched
    for (const place of placed) {
      const { comment: { id }, parent } = place;
      if (parent && (hidden.has(parent.id) || this.folded.has(parent.id))) hidden.add(id);
      const row = this.row(place, answers.get(id) || 0, mine[id]);
      row.hidden = hidden.has(id);
      if (row === next) next = next.nextSibling;
      else list.insertBefore(row, next);
    }
    while (next) {
      const gone = next;
      next = gone.nextSibling;
      gone.remove();
    }
    list.hidden = !placed.length;
    after.replaceChildren(...(placed.length ? [] : [node("p", { class: "empty" }, this.say("none"))]));
    const more = [];
    if (this.cursor) more.push(this.button(this.say("more"), () => this.loadMore()));
    if (this.partial) more.push(this.button(this.say("all"), () => this.fromTheStart()));
    if (more.length) after.append(node("p", { class: "more" }, ...more));
    if (focused?.isConnected && root?.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  fromTheStart() {
    history.replaceState(history.state, "", location.href.split("#")[0]);
    return this.turn(false);
  }

  /** The row of a comment, the one there is while nothing about it has changed.
   *  @param {{comment: Comment, depth: number, parent: Comment | undefined}} place
   *  @param {number} answers how many stand under it @param {Mine | undefined} mine */
  row(place, answers, mine) {
    const { comment, depth, parent } = place;
    const isOpen = Boolean(mine && Date.parse(mine.until) > Date.now());
    const folded = this.folded.has(comment.id);
    const key = JSON.stringify([comment, depth, parent?.id, answers, folded, isOpen, this.closed]);
    const known = this.rows.get(comment.id);
    if (known?.key === key) return known.row;
    const article = node("article", {}, this.byline(comment, parent),
      node("div", { class: "text", dir: "auto", lang: comment.lang || false }, nodesOf(comment.html)));
    const actions = this.actions(comment, isOpen);
    if (answers) actions.push(this.button(this.say(folded ? "show" : "hide", { n: answers }),
      () => this.fold(comment.id), { "aria-expanded": String(!folded) }));
    if (actions.length) article.append(node("p", { class: "actions" }, ...actions));
    const row = node("li", { class: `comment depth-${depth}`, id: `comment-${comment.id}`, tabindex: "-1" }, article);
    this.rows.set(comment.id, { key, row });
    return row;
  }

  /** @param {Comment} comment @param {Comment | undefined} parent */
  byline(comment, parent) {
    const name = node("bdi", {}, comment.name);
    const initial = /[\p{L}\p{N}]/u.exec(comment.name)?.[0].toUpperCase() || "·";
    const website = /^https?:\/\//i.test(comment.website) && comment.website;
    const by = node("p", { class: "by" }, node("span", { class: "initial", "aria-hidden": "true" }, initial),
      node("b", {}, website ? node("a", { href: website, rel: "nofollow ugc noopener" }, name) : name));
    if (parent) by.append(node("a", { class: "when", href: `#comment-${parent.id}` },
      node("bdi", {}, this.say("inReplyTo", { name: parent.name }))));
    by.append(node("a", { class: "when", href: `#comment-${comment.id}` },
      node("time", { datetime: comment.created_at }, this.moment(new Date(comment.created_at)))));
    if (comment.edited_at) by.append(node("span", { class: "note" }, this.say("edited")));
    if (comment.status) by.append(node("span", { class: "waiting" }, this.say("waiting")));
    return by;
  }

  /** What a reader can do with a comment. @param {Comment} comment @param {boolean} isOpen to its author */
  actions(comment, isOpen) {
    const { id, name } = comment;
    const made = [];
    if (!comment.status && !this.closed) {
      made.push(this.button(this.say("reply"), () => this.replyTo(comment), { "aria-label": this.say("replyTo", { name }) }));
    }
    if (isOpen) {
      made.push(this.button(this.say("edit"), () => this.change(comment)));
      made.push(this.button(this.say("withdraw"), () => this.ask(id, "withdraw")));
    } else if (!comment.status) {
      made.push(this.button(this.say("report"), () => this.ask(id, "report"),
        { "aria-label": this.say("reportOf", { name }) }));
    }
    return made;
  }

  /** Ask before something is done to a comment. @param {string} id @param {"withdraw" | "report"} what */
  async ask(id, what) {
    (await this.writer()).ask(id, what);
  }

  /** Hide what stands under a comment, or show it again. @param {string} id */
  fold(id) {
    if (!this.folded.delete(id)) this.folded.add(id);
    this.draw();
    this.rows.get(id)?.row.querySelector("article")?.querySelector("[aria-expanded]")?.focus();
  }

  /** @param {Date} at */
  moment(at) {
    if (!this.format) {
      const shape = /** @type {Intl.DateTimeFormatOptions} */ ({ dateStyle: "long", timeStyle: "short" });
      try {
        this.format = new Intl.DateTimeFormat(this.locale || undefined, shape);
      } catch { // a lang that is no language
        this.format = new Intl.DateTimeFormat(undefined, shape);
      }
    }
    return this.format.format(at);
  }

  /** @param {string} text @param {boolean} [toFocus] */
  tell(text, toFocus = false) {
    if (!this.told) return;
    this.told.textContent = text;
    if (toFocus) this.told.focus();
  }
}
