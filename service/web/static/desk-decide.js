// @ts-check
// Decisions and undo on the page itself: shown at once, sent in the background to where the forms
// send them. What goes wrong comes back in its place, with the reason.
"use strict";

/**
 * @typedef {{
 *   id: string, words: string, count: number, cards: Card[], isUndone: boolean, unsent: number,
 * }} Entry one decision of this session; `id` is the service's once it is known, `unsent` how many
 *   requests about it are still to be answered
 * @typedef {{choice: string, reason: string, note: string}} Choice
 */

const SESSION = `comment-desk-decided ${queue.dataset.me}`;
const MOST_KEPT = 200; // decisions that can be taken back after a reload

/** @type {Entry[]} */ const decided = remembered();
/** The decision in force on a card. @type {WeakMap<Card, Entry>} */ const latest = new WeakMap();
/** What could not be saved: sent again it carries the same key, in case it was saved even so.
 *  @type {WeakMap<Card, {choice: Choice, key: string}>} */ const unsaved = new WeakMap();
let left = Number(queue.dataset.left); // of what this page is about
let waiting = Number(queue.dataset.waiting); // of everything

const outbox = new Outbox(`${queue.dataset.base}/api/v1`, queue.dataset.csrf || "");
const watch = new Watch(outbox, counted, (card) => (latest.get(card)?.unsent || 0) > 0);

// --- decisions ---

/** @param {Choice} choice */
function wordsOf({ choice, reason }) {
  if (choice === "approve") return "Approved";
  if (reason === "spam") return "Marked as spam";
  return reason ? `Rejected (${reason.replace("-", " ")})` : "Rejected";
}

/** Decide on cards, at once for whoever looks, in the background for the service.
 *  @param {Card[]} wanted @param {Choice} choice */
function decide(wanted, choice) {
  const cards = wanted.filter(isOpen);
  if (!cards.length) return;
  const words = wordsOf(choice);
  const ids = cards.flatMap((card) => Object.keys(versionsOf(card)));
  const entry = { id: "", words, count: ids.length, cards, isUndone: false, unsent: 1 };
  const hadFocus = focusedCard();
  const key = (cards.length === 1 && keyBefore(cards[0], choice)) || newKey();
  for (const card of cards) {
    latest.set(card, entry);
    card.dataset.became = choice.choice === "approve" ? "published" : "rejected";
    showLine(card, entry);
  }
  decided.push(entry);
  watch.touched(cards);
  change(-ids.length);
  const many = ids.length > 1 ? `${ids.length} comments: ${words.toLowerCase()}` : words;
  say(`${many}, ${left} left${keys.off ? "" : `, press ${keys.of("undo")} to undo`}`);
  if (hadFocus && cards.includes(hadFocus)) advance(hadFocus);
  /** @type {Record<string, number>} */ let versions = {};
  const body = () => {
    if (!Object.keys(versions).length) versions = Object.assign({}, ...cards.map(versionsOf)); // alike however often it is sent
    const { reason, note } = choice;
    return { ids, outcome: choice.choice, note, versions, ...(reason ? { reason } : {}) };
  };
  outbox.send({
    path: () => "/decisions", body, key,
    waits: (why) => cards.forEach((card) => latest.get(card) === entry && markWaiting(card, why)),
    ends: (answer) => settled(entry, choice, answer, key),
  });
}

/** @param {Card} card @param {Choice} choice */
function keyBefore(card, choice) {
  const before = unsaved.get(card);
  return before && JSON.stringify(before.choice) === JSON.stringify(choice) ? before.key : "";
}

/** @param {Card} card @param {Entry} entry */
function showLine(card, entry) {
  const undoWords = entry.count > 1 ? `Undo all ${entry.count}` : "Undo";
  toLine(card, entry.words, undoWords, () => undo(entry));
}

/** What the service said to a decision. @param {Entry} entry @param {Choice} choice
 *  @param {{status: number, body: any}} answer @param {string} key */
function settled(entry, choice, answer, key) {
  entry.unsent--;
  watch.touched(entry.cards);
  const { changed, conflicts } = answer.body || {};
  for (const card of entry.cards) unsaved.delete(card);
  if (!Array.isArray(changed)) {
    if (entry.count === 1) unsaved.set(entry.cards[0], { choice, key });
    return bringBack(entry, entry.cards, `Not saved: ${wrong(answer)}.`);
  }
  entry.id = answer.body.decision_id;
  for (const card of entry.cards) {
    markWaiting(card, "");
    bump(card, changed);
  }
  for (const conflict of conflicts) {
    const card = cardOf(conflict.id);
    if (card) conflicted(card, entry, conflict);
    else change(1); // one of a group: its own card says how it stands, wherever that is
  }
  entry.cards = entry.cards.filter((card) => changed.includes(idOf(card)));
  entry.count = changed.length;
  if (!changed.length) forget(entry);
  else remember();
  watch.leaseSoon();
}

/** Somebody was faster with a comment: it says who, and nothing of theirs is overwritten.
 *  @param {Card} card @param {Entry} entry @param {{status: string | null, by: string}} conflict */
function conflicted(card, entry, { status, by }) {
  if (latest.get(card) !== entry) return;
  if (status === card.dataset.status) {
    inStillness(() => restore(card));
    if (!entry.isUndone) change(1);
    watch.refresh(card);
    say(`${nameOf(card)} has changed since you saw it, and is not decided`);
    return;
  }
  const words = status ? becameWords(status, by) : "Gone, or of a site where you do not decide";
  inStillness(() => toGrey(card, words));
  say(`${nameOf(card)}: ${words.toLowerCase()}`);
}

/** Cards of a decision that was not saved stand in their place again, with the reason.
 *  @param {Entry} entry @param {Card[]} cards @param {string} why */
function bringBack(entry, cards, why) {
  forget(entry);
  if (entry.isUndone) return;
  const back = cards.filter((card) => latest.get(card) === entry);
  inStillness(() => {
    for (const card of back) {
      restore(card);
      mark(card, why);
    }
  });
  change(total(back));
  say(`${why} ${back.length === 1 ? `${nameOf(back[0])} is` : `${back.length} comments are`} back`);
  if (document.activeElement?.id === "end" && back.length) focusOn(back[0]);
}

// --- undo ---

/** @param {Entry} entry */
function undo(entry) {
  if (entry.isUndone) return;
  entry.isUndone = true;
  const cards = entry.cards.filter((card) => latest.get(card) === entry);
  cards.forEach(restore);
  watch.touched(cards);
  change(total(cards));
  if (cards.length) focusOn(cards[0]);
  say(`Taken back: ${entry.words.toLowerCase()}${total(cards) > 1 ? `, ${total(cards)} comments` : ""}`);
  entry.unsent++;
  outbox.send({
    path: () => (entry.id ? `/decisions/${entry.id}/undo` : ""), // "" where it was never made
    waits: (why) => why && cards.forEach((card) => mark(card, `Undo is not saved yet: ${why}. Trying again…`)),
    ends: (answer) => undone(entry, cards, answer),
  });
}

/** What the service said to an undo. @param {Entry} entry @param {Card[]} cards
 *  @param {{status: number, body: any}} answer */
function undone(entry, cards, answer) {
  entry.unsent--;
  watch.touched(cards);
  const isDone = answer.status === 200 || answer.status === 404; // 404: it was taken back already
  const conflicts = answer.body?.conflicts || [];
  for (const card of cards) card.querySelector(":scope > .slip")?.remove();
  if (!isDone && !conflicts.length) return notUndone(entry, cards, wrong(answer));
  forget(entry);
  if (!entry.id) return;
  for (const card of cards) {
    const conflict = conflicts.find((/** @type {{id: string}} */ c) => c.id === idOf(card));
    if (conflict) toGrey(card, becameWords(conflict.status, conflict.by));
    else bump(card, answer.body?.changed || Object.keys(versionsOf(card)));
  }
  if (!entry.cards.length && answer.body) showElsewhere(answer.body.changed);
}

/** @param {Entry} entry @param {Card[]} cards @param {string} why */
function notUndone(entry, cards, why) {
  entry.isUndone = false;
  const still = cards.filter((card) => latest.get(card) === entry);
  inStillness(() => still.forEach((card) => showLine(card, entry)));
  still.forEach((card) => card.querySelector(".wait")?.append(`Could not be taken back: ${why}.`));
  change(-total(still));
  say(`Could not be taken back: ${why}`);
}

/** Where comments are that are not on this page. @param {string[]} ids */
function showElsewhere(ids) {
  const links = ids.slice(0, 5).map((id) =>
    made("a", { href: `${queue.dataset.base}/desk/comments/${id}` }, "the comment"));
  const line = made("p", { class: "done" }, "Taken back what was decided before this page was loaded: ");
  links.forEach((link, at) => line.append(at ? ", " : "", link));
  queue.before(line);
}

/** z: the last decision of this session that stands. */
function undoLast() {
  const entry = [...decided].reverse().find((one) => !one.isUndone);
  if (entry) undo(entry);
  else say("Nothing to undo");
}

/** @param {Entry} entry */
function forget(entry) {
  if (decided.includes(entry)) decided.splice(decided.indexOf(entry), 1);
  remember();
}

/** Keep what can be undone over a reload of this tab. */
function remember() {
  const kept = decided.filter((entry) => entry.id && !entry.isUndone).slice(-MOST_KEPT);
  try {
    sessionStorage.setItem(SESSION, JSON.stringify(kept.map(({ id, words, count }) => ({ id, words, count }))));
  } catch {
    // then undo reaches back to the last reload
  }
}

/** @returns {Entry[]} */
function remembered() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(SESSION) || "[]");
    return kept.map((/** @type {Entry} */ one) => ({ ...one, cards: [], isUndone: false, unsent: 0 }));
  } catch {
    return [];
  }
}

// --- numbers, focus ---

/** @param {number} by */
function change(by) {
  left = Math.max(0, left + by);
  if (queue.dataset.since) waiting = Math.max(0, waiting + by); // else this page is of what is decided
  showWaiting();
}

/** How many wait, as the service counts; what is still to be sent is counted off.
 *  @param {number} now */
function counted(now) {
  if (outbox.jobs.length) return;
  waiting = now;
  if ("all" in queue.dataset) left = now;
  showWaiting();
}

function showWaiting() {
  const words = `${waiting.toLocaleString("en")} ${waiting === 1 ? "comment" : "comments"} waiting`;
  const heading = document.getElementById("waiting");
  if (heading && heading.textContent !== words) heading.textContent = words;
  document.title = `${waiting} waiting · Comment Desk`;
}

/** On to the next card that waits; at the end to what is loaded next, or to the end itself.
 *  @param {Card} from */
function advance(from) {
  const next = nextCard(from, isOpen);
  if (next) focusOn(next);
  else goToEnd();
}

/** The end of the list, and on to the cards that come after it, if some do. */
function goToEnd() {
  const end = document.getElementById("end");
  const wasThere = document.activeElement === end;
  end?.focus();
  watch.more().then((added) => {
    if (added.length && document.activeElement === end) focusOn(added[0]);
    else if (wasThere) say("This is the end of the list");
  });
}
