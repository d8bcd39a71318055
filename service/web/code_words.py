"""What the reasons of a verdict are called, and the sentence for each."""

from service.vocabulary import Code
from service.web.languages import later
from service.web.worded import Pairs

# (a few words, for filters and histories; the sentence, where {seen} is what was seen)
CODES = Pairs(
    {
        Code.BLOCKED_WORD: (later("blocked word"), later("It holds the blocked word “{seen}”.")),
        Code.BLOCKED_DOMAIN: (
            later("blocked domain"),
            later("It links to the blocked domain {seen}."),
        ),
        Code.BLOCKED_ADDRESS: (
            later("blocked address"),
            later("It comes from the blocked address {seen}."),
        ),
        Code.HELD_WORD: (
            later("word to look at"),
            later("It holds the word “{seen}”, which this site wants to see."),
        ),
        Code.HELD_DOMAIN: (
            later("domain to look at"),
            later("It links to {seen}, which this site wants to see."),
        ),
        Code.HELD_ADDRESS: (
            later("address to look at"),
            later("It comes from {seen}, which this site wants to see."),
        ),
        Code.HONEYPOT_FILLED: (
            later("hidden field filled in"),
            later("A field that no person can see was filled in, as machines do."),
        ),
        Code.FORM_TOKEN_ABSENT: (
            later("no form token"),
            later("No form token came along, which by itself means nothing."),
        ),
        Code.FORM_TOKEN_INVALID: (
            later("form token not valid"),
            later("Its form token is not valid: {seen}."),
        ),
        Code.FORM_TOKEN_REUSED: (
            later("form token used again"),
            later("Its form token had already been used for another comment."),
        ),
        Code.TOO_FAST: (
            later("sent too fast"),
            later("The form came back faster than a person types."),
        ),
        Code.PROOF_MISSING: (
            later("no proof of work"),
            later(
                "It came without a valid proof of work, which a page without scripts or https"
                " cannot make; it waits behind the others."
            ),
        ),
        Code.TOO_MANY_LINKS: (
            later("many links"),
            later("It has {seen} links, more than this site lets through."),
        ),
        Code.DUPLICATE: (
            later("same text several times"),
            later("Nearly the same text has now come {seen} times."),
        ),
        Code.FIRST_TIME_AUTHOR: (
            later("first comment"),
            later(
                "It is the first comment under this e-mail address, and this site looks at those."
            ),
        ),
        Code.UNPROVEN_AUTHOR: (
            later("address not confirmed"),
            later(
                "The e-mail address was seen before but never confirmed: anybody could have"
                " typed it."
            ),
        ),
        Code.REJECTED_BEFORE: (
            later("rejected before"),
            later("Earlier comments under this e-mail address were rejected: {seen}."),
        ),
        Code.PROVEN_AUTHOR: (
            later("confirmed address"),
            later("The author has confirmed the e-mail address."),
        ),
        Code.SCORE_SPAM: (later("scored as spam"), later("The spam model says: likely spam.")),
        Code.SCORE_UNSURE: (
            later("score unsure"),
            later("The spam model is not sure enough to let it through."),
        ),
        Code.SCORE_FINE: (later("scored as fine"), later("The spam model says: likely fine.")),
        Code.EDITED: (later("edited"), later("Its author has changed the text since it came in.")),
        Code.ATTACK_MODE: (
            later("attack mode"),
            later("The site is in attack mode and holds everything."),
        ),
        Code.UNSCORED: (
            later("no score"),
            later(
                "The spam model gave no answer, so a person decides. This says nothing about"
                " the comment."
            ),
        ),
        Code.LIMITS_DEGRADED: (
            later("limits not counted"),
            later(
                "The rate limits could not be counted in full, so everything is held meanwhile."
                " This says nothing about the comment."
            ),
        ),
    }
)
