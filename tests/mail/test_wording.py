"""What mails say: whole sentences that agree with their numbers."""

from service.mail import wording
from tests.factories import NOW


def test_a_digest_counts_one_as_one_and_many_as_many() -> None:
    subject, text = wording.digest("News", 1, NOW, 0, "https://x.example/desk/")
    assert subject == "1 comment waits on News"
    assert "spam" not in text

    subject, text = wording.digest("News", 1200, NOW, 3, "https://x.example/desk/")
    assert subject == "1,200 comments wait on News"
    assert "3 more look like spam." in text


def test_a_mail_says_what_the_link_will_do_and_no_more() -> None:
    def text(*, proof: bool, replies: bool) -> str:
        return wording.confirm("News", "https://n.example/", "L", proof=proof, replies=replies)[1]

    assert "published at once" in text(proof=True, replies=False)
    assert "replies" not in text(proof=True, replies=False)
    assert "published" not in text(proof=False, replies=True)
    assert "published at once" in text(proof=True, replies=True)
    assert "told of replies" in text(proof=True, replies=True)


def test_a_reply_without_a_name_is_somebody_s() -> None:
    assert "Somebody has replied" in wording.reply("News", "", "P", "L")[1]
    assert "Bob has replied" in wording.reply("News", "Bob", "P", "L")[1]
