"""Normal forms, links, tokens and fingerprints keep what they promise on any text."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.likeness import fingerprint
from service.text import Link, find_links, host_of, normalise, outline, tokens, unveil

DISGUISES = {
    "entities": ("&#118;iagr&#x61; &amp;lt;b&amp;gt;", "viagra <b>"),
    "full width": ("ＣＡＳＩＮＯ　bonus", "casino bonus"),
    "mathematical letters": ("𝐜𝐚𝐬𝐢𝐧𝐨 𝓫𝓸𝓷𝓾𝓼", "casino bonus"),
    "zero width": ("cas\u200bi\u2060no b\u00adonus", "casino bonus"),
    "bidi": ("\u202ecasino\u202c bonus", "casino bonus"),
    "stacked marks": ("c\u0337a\u0353s\u0300\u0301\u0302ino", "casino"),
    "look-alikes": ("саsіnо bоnus", "casino bonus"),
    "spaced": ("play  c a s i n o  now", "play casino now"),
    "dotted": ("play c.a.s.i.n.o now", "play casino now"),
    "blanks": ("  play\n\tcasino\u00a0 now ", "play casino now"),
}
HONEST = {
    "russian": "мама и папа не согласны с автором",
    "russian with a brand": "мой iphone сломался на даче",
    "greek": "νομίζω ότι το άρθρο έχει δίκιο",
    "hindi": "यह लेख पढ़कर अच्छा लगा",
    "spanish": "el año pasado nevó más",
    "a list of numbers": "1 2 3 4 5",
}
HOSTILE = {
    "letters": "a" * 10_000,
    "spaced letters": "a " * 5_000,
    "dots": "a.a." * 2_500,
    "nested entities": "&am&#112;;" * 1_000,
    "ampersands": "&amp;" * 2_000,
    "mixed scripts": "aа" * 5_000,
    "open links": "http://" * 1_400,
    "brackets": "http://(" + ")" * 9_900,
    "split names": "a . com " * 1_200,
    "marks": "\u0301" * 10_000,
    "ligatures": "ﷺ" * 10_000,
}


@pytest.mark.parametrize(("disguised", "plain"), DISGUISES.values(), ids=DISGUISES)
def test_a_disguise_is_undone(disguised: str, plain: str) -> None:
    assert normalise(disguised) == plain


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_honest_words_of_any_script_stay_as_they_are(text: str) -> None:
    assert normalise(text) == text


def test_a_disguised_word_inside_russian_is_still_found() -> None:
    assert normalise("играй в саsinо сейчас") == "играй в casino сейчас"


@given(st.text(max_size=200))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert unveil(unveil(text)) == unveil(text)


@given(
    st.lists(st.sampled_from(["&", "amp;", "#38;", "lt", ";", "а", "a", " ", ".", "\u200b", "я"]))
)
def test_layers_of_disguise_come_off_at_once(parts: list[str]) -> None:
    text = "".join(parts)

    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_no_longer_than_any_other(text: str) -> None:
    began = time.process_time()

    for function in (normalise, find_links, tokens, fingerprint):
        function(text)

    assert time.process_time() - began < 1.0


LINKS = {
    "a url": ("see http://Example.com/a_(b)).", "http://Example.com/a_(b)", "example.com"),
    "html": ('<a href="https://shop.example.org/x">t</a>', "https://shop.example.org/x", ""),
    "html without quotes": ("<a href=https://shop.example.org>t</a>", "", "shop.example.org"),
    "bbcode": ("[url=www.example.com/a]t[/url]", "www.example.com/a", "www.example.com"),
    "markdown": ("[t](example.shop/p)", "example.shop/p", "example.shop"),
    "bare": ("go to best-example.com now", "best-example.com", ""),
    "another script": ("https://ПРИМЕР.рф/x", "", "xn--e1afmkfd.xn--p1ai"),
    "split": ("example . com", "example . com", "example.com"),
    "bracketed dot": ("example[.]com", "example[.]com", "example.com"),
    "hxxp": ("hxxp://example.com", "hxxp://example.com", "example.com"),
    "a name before the host": ("http://bank.example@example.net:80/", "", "example.net"),
    "hidden characters": ("http://exam\u200bple.com", "http://example.com", ""),
    "entities": ("&lt;a href=http://example.com&gt;", "http://example.com", "example.com"),
    "a word before a path": ("made.it/x", "made.it/x", "made.it"),
    "an address": ("http://192.0.2.7:8080/x", "", "192.0.2.7"),
}


@pytest.mark.parametrize(("text", "url", "host"), LINKS.values(), ids=LINKS)
def test_a_link_is_found_however_it_is_written(text: str, url: str, host: str) -> None:
    (link,) = find_links(text)

    assert not url or link.url == url
    assert not host or link.host == host


@pytest.mark.parametrize(
    "text",
    ["watch?v=dQw4", "me@example.com", "a.b@example.org", "we made.it", "e.g. this, i.e. that",
     "node.js and asp.net", "version 3.5.1", "wait...what", "end of line.New line", "#foo"],
)  # fmt: skip
def test_what_only_looks_like_a_link_is_none(text: str) -> None:
    assert find_links(text) == ()


def test_the_same_link_twice_counts_once() -> None:
    text = "[url=http://example.com]http://example.com[/url] and http://example.net"

    assert find_links(text) == (
        Link("http://example.com", "example.com"),
        Link("http://example.net", "example.net"),
    )


def test_the_host_of_a_website_field_is_found_with_or_without_a_scheme() -> None:
    assert host_of("HTTPS://User@Example.COM:443/x?y=z") == "example.com"
    assert host_of("example.com/x") == "example.com"
    assert host_of("") == ""


def test_tokens_are_whole_words_in_any_script() -> None:
    assert tokens("Don't buy CAFÉ-shares now!_x") == [
        "don",
        "t",
        "buy",
        "café",
        "shares",
        "now",
        "x",
    ]
    assert tokens("हिन्दी में, लिखा।") == ["हिन्दी", "में", "लिखा"]
    assert tokens("赌场 no") == ["赌", "场", "no"]
    assert tokens("🎰!?") == []


@given(st.text(max_size=200))
def test_tokens_hold_neither_blanks_nor_ascii_signs(text: str) -> None:
    assert not any(re.search(r"[\s!-/:-@\[-`{-~]", token) for token in tokens(text))


@pytest.mark.parametrize(
    "posing",
    [
        "Max Moder", "max moder", "MAX-MODER", "Mаx Mоder", "Ｍax Ｍoder", "Max\u200b Moder",
        "M a x  M o d e r", "Max M0der", "Мах Моԁег", "𝐌𝐚𝐱 𝐌𝐨𝐝𝐞𝐫", "\u202eMax Moder\u202c",
        "~*Max_Moder*~",
    ],
)  # fmt: skip
def test_names_that_look_alike_have_one_outline(posing: str) -> None:
    assert outline(posing) == outline("Max Moder")


def test_other_names_have_others() -> None:
    names = ["Max", "Moder", "Maximilian Moder", "Иван", "Ιωάννης", "王伟", "", "🌾"]

    assert len({outline(name) for name in names}) == len(names) - 1  # the last two are none
    assert outline("Max Moder") not in {outline(name) for name in names}


@given(st.text())
def test_any_name_has_an_outline_without_blanks(name: str) -> None:
    assert not re.search(r"\s", outline(name))
