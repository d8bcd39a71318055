// @ts-check
// The desk with keys: what keys, buttons and the focus do, on top of forms that work without it.
"use strict";
(() => {

const openDialog = keysDialog();

function help() {
  backToCard(); // so that a browser knows where the focus belongs afterwards
  openDialog();
}

/** The card where the focus was last, or the first. */
function backToCard() {
  const last = /** @type {Card | null} */ (queue.querySelector(':scope > [tabindex="0"]'));
  const card = last || allCards()[0];
  if (card) focusOn(card);
}

/** @param {1 | -1} step */
function move(step) {
  const from = focusedCard();
  const isShown = (/** @type {Card} */ card) => card.dataset.stand !== "own";
  if (!from && document.activeElement?.id !== "end") return backToCard();
  const next = from || step < 0 ? nextCard(from, isShown, step) : null;
  if (next) focusOn(next);
  else if (step > 0) goToEnd();
}

/** What was typed beside the reasons, else the snippet that was chosen. @param {Card} card */
function noteOn(card) {
  const typed = /** @type {HTMLTextAreaElement | null} */ (card.querySelector(".reject textarea"));
  const chosen = /** @type {HTMLSelectElement | null} */ (card.querySelector(".snippets"));
  return typed?.value.trim() || chosen?.value || "";
}

/** The snippet that was chosen last, in this browser: some refuse to keep anything.
 *  @param {string} [text] the one chosen now */
function lastSnippet(text) {
  const KEY = "comment-desk snippet";
  try {
    if (text !== undefined) localStorage.setItem(KEY, text);
    return localStorage.getItem(KEY) || "";
  } catch {
    return "";
  }
}

/** A decision by one of a card's own buttons. @param {Card} card @param {string} value of the button */
function decideBy(card, value) {
  const note = noteOn(card);
  const [choice, reason = ""] = value.split(":");
  decide([card], { choice, reason, note: choice === "reject" && reason !== "spam" ? note : "" });
}

const ticked = () =>
  allCards().filter((card) => card.querySelector(".tick input:checked") !== null);

/** @param {string} value of a button */
function decideTicked(value) {
  const [choice, reason = ""] = value.split(":");
  const cards = ticked();
  if (cards.length) decide(cards, { choice, reason, note: "" });
  else say("Nothing is ticked");
}

/** Open the reasons, or close them. @param {Card} card */
function toggleReasons(card) {
  const details = /** @type {HTMLDetailsElement | null} */ (card.querySelector("details.reject"));
  if (!details) return;
  details.open = !details.open;
  if (details.open) /** @type {HTMLElement | null} */ (details.querySelector(".reasons button"))?.focus();
  else focusOn(card);
}

function search() {
  const filters = /** @type {HTMLDetailsElement | null} */ (document.querySelector("details.filters"));
  if (filters) filters.open = true;
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById("q"));
  field?.focus();
  field?.select();
}

/** What each key does that needs no card. @type {Record<string, () => void>} */
const ANYWHERE = {
  next: () => move(1),
  previous: () => move(-1),
  undo: undoLast,
  search,
  help,
  "approve ticked": () => decideTicked("approve"),
  "spam ticked": () => decideTicked("reject:spam"),
};

/** What each key does to the card that has the focus. @type {Record<string, (card: Card) => void>} */
const ON_CARD = {
  approve: (card) => card.querySelector('[data-do="approve"]') && decideBy(card, "approve"),
  spam: (card) => card.querySelector('[data-do="spam"]') && decideBy(card, "reject:spam"),
  reject: toggleReasons,
  skip: advance,
  author: (card) => /** @type {HTMLElement | null} */ (card.querySelector('[data-do="author"]'))?.click(),
  tick: (card) => /** @type {HTMLElement | null} */ (card.querySelector(".tick input"))?.click(),
};

/** @param {Card} card @param {number} number of a reason, from 1 */
function decideByReason(card, number) {
  const buttons = card.querySelectorAll('.reasons button[value^="reject:"]');
  const button = /** @type {HTMLButtonElement | undefined} */ (buttons[number - 1]);
  if (button) decideBy(card, button.value);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return escape(event);
  const asked = keys.asked(event);
  if (!asked) return;
  event.preventDefault();
  if (asked in ANYWHERE) return ANYWHERE[asked]();
  const card = focusedCard(event.target);
  if (!card) return say(`No comment has the focus: press ${keys.of("next")}`);
  if (card.dataset.stand && asked !== "skip" && asked !== "author") return say("This is decided already");
  if (asked in ON_CARD) ON_CARD[asked](card);
  else decideByReason(card, Number(asked));
});

/** From the reasons, a note or the search back to the card. @param {KeyboardEvent} event */
function escape(event) {
  const at = /** @type {Element} */ (event.target);
  if (at.closest("dialog") || event.isComposing) return;
  const details = /** @type {HTMLDetailsElement | null} */ (at.closest(".card details"));
  if (details) details.open = false;
  if (details || at.closest(".filters")) backToCard();
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  const isBulk = form.id === "bulk";
  const card = focusedCard(form);
  if (!button || !(isBulk || card) || button.name !== "decide" || "apart" in form.dataset) return;
  event.preventDefault();
  if (card) return decideBy(card, button.value);
  const reason = /** @type {HTMLSelectElement} */ (form.elements.namedItem("reason")).value;
  decideTicked(button.value === "reject" && reason ? `reject:${reason}` : button.value);
});

const isSecondHalf = (/** @type {MouseEvent} */ event) =>
  event.detail > 1 && /** @type {Element} */ (event.target).closest(".card button, .card a, .card summary");

document.addEventListener("mousedown", (event) => {
  if (isSecondHalf(event)) event.preventDefault(); // nor does it take the focus
}, true);

document.addEventListener("click", (event) => {
  const at = /** @type {Element} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (at.closest("button[data-do]"));
  if (isSecondHalf(event)) {
    event.preventDefault(); // the second half of a double click would meet the next card
    return;
  }
  if (button?.dataset.do === "help") help();
  const card = focusedCard(button);
  if (button?.dataset.do === "skip" && card) advance(card);
}, true);

document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLSelectElement && target.matches(".snippets")) lastSnippet(target.value);
});

document.addEventListener("toggle", ({ target }) => { // opening the reasons chooses it again
  if (!(target instanceof HTMLDetailsElement && target.open)) return;
  const select = /** @type {HTMLSelectElement | null} */ (target.querySelector(".snippets"));
  const last = [...(select?.options || [])].find((option) => option.value === lastSnippet());
  if (last) last.selected = true;
}, true);

document.addEventListener("focusin", (event) => {
  const card = focusedCard(event.target);
  if (!card) return;
  rove(card);
  watch.reached(card);
});

for (const card of allCards()) card.tabIndex = -1;
const first = nextCard(null, isOpen) || allCards()[0];
if (first) rove(first);
keys.print(document);
watch.start();
const isElsewhere = location.hash || document.querySelector("[autofocus]");
if (first && document.activeElement === document.body && !isElsewhere) {
  first.focus({ preventScroll: true });
}

})();
