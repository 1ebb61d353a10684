"""Commands as text: which comments are commands, what they say, and what an answer may and may not hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.mapping import comment_commands
from poam.mapping.comment_commands import (
    MAX_ANSWER,
    MAX_TYPED,
    MAX_WORDS,
    USAGE,
    Verb,
    answered_in,
    as_comment,
    command_in,
    signed,
    vendor_in,
)
from poam.mapping.issue_text import issue_block
from poam.mapping.item import PoamItem
from poam.mapping.profiles import PROFILES
from poam.mapping.redaction import leaks, visible


@pytest.mark.parametrize(
    ("text", "verb", "words"),
    [
        ("/poam done", Verb.DONE, ""),
        ("  /POAM   Done   all green  ", Verb.DONE, "all green"),
        ("\n\n/poam blocked until\nthe window\n\n-- \nAnn", Verb.BLOCKED, "until the window"),
        ("\\/poam fp: not loaded", Verb.FALSE_POSITIVE, "not loaded"),
        ("/poam check-in asked them", Verb.CHECK_IN, "asked them"),
        ("/poam status", Verb.STATUS, ""),
        ("/poam", Verb.HELP, ""),
        ("/poam help me", Verb.HELP, "me"),
        ("/poam approve 3", None, "3"),
        ("/poam done it\n/poam blocked", Verb.DONE, "it"),
    ],
)
def test_a_command_is_a_verb_and_its_words(text: str, verb: Verb | None, words: str) -> None:
    command = command_in(text)
    assert command is not None
    assert (command.verb, command.words) == (verb, words)


@pytest.mark.parametrize("text", ["", "done", "please /poam done", "Hi\n/poam done", "/poams done", "/ poam done"])
def test_any_other_comment_is_none(text: str) -> None:
    assert command_in(text) is None


@pytest.mark.parametrize("text", ["/poam blocked", "/poam vendor", "/poam checkin ", "/poam fp", "/poam extend"])
def test_a_command_without_what_it_needs_says_nothing(text: str) -> None:
    command = command_in(text)
    assert command is not None
    assert command.lacks


@pytest.mark.parametrize(
    ("words", "day", "why"),
    [
        ("2026-07-01 because the vendor ships in June", "2026-07-01", "the vendor ships in June"),
        ("to 2026-07-01, because: June", "2026-07-01", "June"),
        ("2026-07-01 the vendor", "2026-07-01", "the vendor"),
        ("2026-07-01", "2026-07-01", ""),
        ("2026-07-01 becausewise", "2026-07-01", "becausewise"),
    ],
)
def test_an_extension_names_a_day_and_why(words: str, day: str, why: str) -> None:
    command = command_in(f"/poam extend {words}")
    assert command is not None
    assert (command.date, command.words, command.lacks) == (day, why, False)


@pytest.mark.parametrize("words", ["2026-02-30 because x", "tomorrow", "2026-7-1", "because of the vendor", "1.7.2026"])
def test_what_is_no_day_of_the_calendar_is_none(words: str) -> None:
    command = command_in(f"/poam extend {words}")
    assert command is not None
    assert command.lacks


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ("https://ci.example/7", "https://ci.example/7"),
        ("see https://ci.example/7?a=b#c, all green", "https://ci.example/7?a=b#c"),
        ("[build|https://ci.example/7]", "https://ci.example/7"),
        ("[build](https://ci.example/7).", "https://ci.example/7"),
        ("<https://ci.example/7>", "https://ci.example/7"),
        ("ftp://ci.example/7", ""),
        ("https://ci.example/" + "x" * MAX_WORDS, ""),
        ("all green", ""),
    ],
)
def test_done_may_name_an_address(words: str, url: str) -> None:
    command = command_in(f"/poam done {words}")
    assert command is not None
    assert command.url == url


@pytest.mark.parametrize(
    ("words", "product", "case"),
    [
        ("Web Server 9 case 0815-77", "Web Server 9", "0815-77"),
        ("Web Server 9 CASE: #0815", "Web Server 9", "0815"),
        ('"Suitcase 9" 0815', "Suitcase 9", "0815"),
        ('"Suitcase 9" case 0815', "Suitcase 9", "0815"),
        ("Briefcase 9", "Briefcase 9", ""),
        ("nginx", "nginx", ""),
    ],
)
def test_a_vendors_case_stands_behind_its_word(words: str, product: str, case: str) -> None:
    assert vendor_in(words) == (product, case)


@given(st.text(), st.sampled_from([*Verb, "", "nonsense"]))
def test_whatever_is_typed_is_bounded_visible_and_one_line(text: str, verb: str) -> None:
    command = command_in(f"/poam {verb} {text}")
    assert command is not None
    assert len(command.typed) <= MAX_TYPED
    assert len(command.words) <= MAX_WORDS
    assert visible(command.typed) == command.typed
    assert command.words == " ".join(command.words.split())
    vendor_in(command.words)


@pytest.mark.parametrize(
    "spoil", [str, lambda text: text.replace("-", "\\-"), lambda text: text.replace(" ", "\u00a0")]
)
def test_an_answer_is_known_again_however_its_tracker_wrote_it(spoil: object) -> None:
    told = as_comment([signed("Recorded.", 12), signed("Recorded.", 123)])
    assert answered_in(spoil(told)) == {12, 123}  # type: ignore[operator]
    assert answered_in("Recorded. (re 12)") == frozenset()


def test_a_comment_holds_as_many_answers_as_fit_and_at_least_one() -> None:
    long = [signed("x" * MAX_ANSWER, 1), signed("y", 2)]
    assert answered_in(as_comment(long)) == {1}
    many = [signed("z" * 100, number) for number in range(500)]
    assert 0 < len(answered_in(as_comment(many))) < 500
    assert len(as_comment(many)) <= MAX_ANSWER


def test_no_answer_is_a_command_or_tells_anything_that_leaks() -> None:
    told = [text for name, text in vars(comment_commands).items() if name.isupper() and isinstance(text, str)]
    assert len(told) > 10
    for text in told:
        assert command_in(text) is None
        assert leaks(text) == []


def test_the_issue_names_the_commands_in_one_line() -> None:
    for mode in ("neutral", "full"):
        block = issue_block(PoamItem("u", "S", "V-1"), PROFILES["generic"], mode, (), move_date="move it")  # type: ignore[arg-type]
        (line,) = [line for line in block.split("\n") if "/poam" in line]
        assert line == f"Commands in a comment: {USAGE[Verb.DONE]}, {USAGE[Verb.EXTEND]}, {USAGE[Verb.HELP]}."
