// @ts-check
// --- the form ---

const FIELDS = ["comment", "name", "email", "website"];
const BOXES = ["confirm", "notify"]; // shown where the site sends mails
const DRAFT_LIMIT = 20000; // characters
const AUTHOR = "comment-desk author"; // what the reader let us keep for the next time

/** Keep the author for the next time, where they want it.
 *  @param {Record<string, any>} typed */
function keepAuthor({ name, email, website, consent }) {
  kept("localStorage", AUTHOR, consent ? JSON.stringify({ name, email, website }) : null);
}

class CommentThread extends ThreadView {
  /** @type {Promise<any> | undefined} */ loaded; // the part that sends
  tries = "";
  /** @type {Comment | null} */ parent = null; // what is answered
  /** @type {Comment | null} */ changed = null; // what is edited

  /** Show thread and form; text typed into a plain form inside this element moves along. */
  mount() {
    this.frame();
    this.form = this.makeForm();
    this.home?.append(this.form);
    const author = parsed(kept("localStorage", AUTHOR));
    for (const name of FIELDS) {
      const typed = /** @type {HTMLInputElement | null} */ (this.querySelector(`[name="${name}"]`));
      this.field(name).value = typed?.value || (name !== "comment" && author[name]) || "";
    }
    this.field("consent").checked = Boolean(author.name);
    this.field("comment").value ||= this.draft();
    this.draw();
    this.placeForm();
    this.follow();
    if (this.proof?.isNew) this.tell(this.say("proven"));
  }

  /** @param {string | null} [text] @returns {string} */
  draft(text) {
    return kept("sessionStorage", `${this.memory} draft`, text?.slice(0, DRAFT_LIMIT) ?? text);
  }

  /** @param {string} name @param {string} tag @param {Record<string, any>} traits */
  makeField(name, tag, traits) {
    const required = name !== "website";
    const star = required ? [node("span", { "aria-hidden": "true" }, " *")] : [];
    return node("p", { class: "field" },
      node("label", { for: `f-${name}` }, this.say(name), ...star),
      node(tag, { id: `f-${name}`, name, required, "aria-describedby": `e-${name}`, ...traits }),
      node("span", { class: "error", id: `e-${name}`, hidden: true }));
  }

  makeForm() {
    const form = /** @type {HTMLFormElement} */ (node("form",
      { class: "comment-form", novalidate: true, "aria-labelledby": "respond-title" },
      node("h2", { id: "respond-title" }),
      node("p", { class: "cancel", hidden: true }, this.button(this.say("cancel"), () => this.replyTo(null), { class: "plain" })),
      node("p", { class: "hint" }, this.say("hint")),
      node("div", { class: "problem", role: "alert", hidden: true }),
      this.makeField("comment", "textarea", { rows: "7", dir: "auto" }),
      node("div", { class: "author" },
        node("div", { class: "fields" },
          this.makeField("name", "input", { autocomplete: "name", maxlength: "100" }),
          this.makeField("email", "input", { type: "email", autocomplete: "email", maxlength: "254" }),
          this.makeField("website", "input", { autocomplete: "url", inputmode: "url", maxlength: "2048" })),
        ...[...BOXES, "consent"].map((name) => node("p", { class: "choice", id: `b-${name}`, hidden: name !== "consent" },
          node("input", { type: "checkbox", id: `f-${name}`, name }),
          node("label", { for: `f-${name}` }, this.say(name))))),
      node("div", { class: "trap", "aria-hidden": "true" },
        node("label", {}, this.say("empty"), node("input", { name: "url2", tabindex: "-1", autocomplete: "off" }))),
      node("section", { class: "preview", "aria-label": this.say("previewOf"), tabindex: "-1", hidden: true }),
      node("p", { class: "hint" }, this.say("review")),
      node("p", { class: "send" }, node("button", { class: "post" }),
        this.button(this.say("preview"), async () => (await this.writer()).preview(), { class: "plain" }))));
    form.addEventListener("focusin", () => this.writer().then((writer) => writer.prepare()).catch(() => {}));
    form.addEventListener("input", () => {
      this.tell(""); // thanks for the last one
      this.part(".preview").hidden = true;
      if (!this.changed) this.draft(this.field("comment").value);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.writer().then((writer) => writer.send(), (error) => this.failed(error));
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

  draw() {
    const { form, root } = this;
    const focused = /** @type {HTMLElement | null} */ (root?.activeElement);
    super.draw();
    if (form?.contains(focused) && root?.activeElement !== focused) focused?.focus({ preventScroll: true });
  }

  /** The form goes under the comment that is answered, or back under the thread.
   *  @param {Comment | null} comment */
  replyTo(comment) {
    const before = this.parent || this.changed;
    if (this.changed) this.field("comment").value = this.draft();
    this.changed = null;
    this.parent = comment;
    this.turnTo(comment || before, Boolean(comment));
  }

  /** Put the text of one's own comment into the form. @param {Comment} comment */
  change(comment) {
    this.parent = null;
    this.changed = comment;
    this.field("comment").value = this.mine()[comment.id].text;
    this.turnTo(comment, true);
  }

  /** @param {Comment | null} comment @param {boolean} toWrite */
  turnTo(comment, toWrite) {
    this.tell("");
    this.mark([]);
    this.part(".preview").hidden = true;
    this.placeForm();
    if (toWrite) this.field("comment").focus();
    else if (comment) this.reach(comment.id);
  }

  placeForm() {
    const { parent, changed, form, home } = this;
    if (!form || !home || this.closed) return;
    const at = parent || changed;
    ((at && this.rows.get(at.id)?.row) || home).append(form);
    this.part("#respond-title").textContent = parent
      ? this.say("replyTo", { name: parent.name })
      : this.say(changed ? "change" : "leave");
    this.part(".post").textContent = this.say(changed ? "save" : "post");
    this.part(".cancel").hidden = !at;
    this.part(".author").hidden = Boolean(changed);
  }

  /** The part of the script that sends. @returns {Promise<any>} */
  writer() {
    this.loaded ||= import(`${BASE}/embed/writing.js?v=${WRITING}${this.tries}`).then(
      ({ Writer }) => new Writer(this, { call, query, sending, bearer, cut, node, nodesOf, keepAuthor, Refused }),
      (error) => {
        this.loaded = undefined;
        this.tries += "-"; // browsers remember an address that failed
        throw error;
      },
    );
    return this.loaded;
  }

  /** A comment has been taken in. @param {string} id @param {string[]} told */
  async taken(id, told) {
    this.field("comment").value = this.changed ? this.draft() : this.draft(null);
    this.part(".preview").hidden = true;
    this.parent = this.changed = null;
    await this.load().catch(() => undefined); // it is taken in, whether or not it can be shown now
    this.placeForm();
    this.draw();
    const found = this.reach(id);
    this.tell(told.map((name) => this.say(name)).join(" "), !found);
  }

  close() {
    this.closed = true;
    this.home?.replaceChildren(node("p", { class: "closed", role: "status" }, this.say("closed")));
    this.form?.remove();
    this.draw();
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
      place.textContent = found ? this.words[`${found.code} ${name}`] || this.words[found.code] || found.message : "";
      place.hidden = !found;
      this.field(name).setAttribute("aria-invalid", String(Boolean(found)));
    }
    const first = FIELDS.find((name) => errors.some((error) => error.field === name));
    if (first) this.field(first).focus();
  }

  /** @param {unknown} error */
  failed(error) {
    return this.mark([], this.explain(error));
  }

  /** An error in words. @param {unknown} error */
  explain(error) {
    return error instanceof Refused ? error.problem.detail : this.say("offline");
  }
}
