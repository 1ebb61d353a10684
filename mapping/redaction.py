"""What may leave the house: identifying fragments are cut, and text is made inert for every tracker.

Trackers keep edit history, e-mails and forks, so a leak cannot be taken back: in doubt a fragment goes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

from .item import PoamItem

TextMode = Literal["neutral", "restricted", "full"]
"""How much an issue says: neutral to strangers, restricted to our own people, full inside the boundary."""

WITHHELD = "███"
"""Stands where something was cut. It holds no letter, so it can never be a secret itself."""

_FILES = "js|json|xml|conf|cnf|cfg|ini|yaml|yml|toml|exe|dll|jar|txt|log"
_DASH = "[-_ \u2010-\u2015]?"
_OCTETS = r"\d{1,3}(?:\s?(?:\.|\[\.\]|\(\.\))\s?\d{1,3}){3}"
_IPV6 = r"(?<![\w:.])(?=[0-9a-f:]*::|(?:[0-9a-f]{1,4}:){4})[0-9a-f:]+(?:\.\d{1,3}){0,3}(?:%\w+)?(?:/\d+)?"
_TOP_LEVEL = rf"(?!(?:{_FILES})(?![\w-]))(?:[^\W\d_]{{2,}}|xn--[\w-]+)"
_HOST = rf"(?<![\w.-])(?:[\w-]+\.)+{_TOP_LEVEL}(?::\d+)?(?![\w-])"
# Each with a text that every match holds: most texts hold none of them and are not searched at all.
_PATTERNS = tuple(
    (needle, re.compile(pattern, re.IGNORECASE))
    for needle, pattern in (
        ("://", r"(?<![a-z0-9+.-])[a-z0-9+.-]+://\S+"),
        ("@", r"(?<![\w.+-])[\w.+-]+@[\w.-]+"),
        ("\\", r"\\\\[\w.$-]+(?:\\[\w.$-]*)*"),
        ("\\", r"(?<![\w.-])[\w.-]+\\[\w.$-]+"),
        ("", r"\b(?:svc|srv|adm|usr)[_-][a-z]\w*"),
        ("", r"\b\w+[_-](?:svc|srv|adm|admin)\b"),
        ("", r"\b(?:user(?:name)?|account|login|uid)\s*[:=]\s*\S+"),
        ("-", r"\bS-1-\d+(?:-\d+)+\b"),
        (":", r"\barn:\S+"),
        ("-", r"\b(?:i|vpc|subnet|sg|vol|eni|ami)-[0-9a-f]{8,17}\b"),
        ("", rf"\bCVE{_DASH}\d{{4}}{_DASH}\d+"),
        ("-", r"\bGHSA(?:-[0-9a-z]{4}){3}\b"),
        ("", r"\b(?:RHSA|RHBA|RHEA|ELSA|ALAS|USN|DSA|DLA)-?\d[\d:.-]*\d"),
        ("", r"\b(?:MS\d{2}-\d{3}|KB\d{6,7}|SV-\d{4,}r\d+\w*)\b"),
        ("", r"\b(?:plug-?in|QID|nessus|qualys)(?:[ _-]?id)?s?[ #:=_-]*\d+"),
        ("", r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])"),
        (":", _IPV6),
        (".", rf"(?<![\w.]){_OCTETS}(?:/\d+)?(?::\d+)?(?!\w)"),
        (".", _HOST),
    )
)
_RUN = re.compile(r"[^\W_]+")
_LED_TO = r"(?:\s*[(<](?:mailto:)?\s*|\s+(?:by|from|for|to|with|of)\s+|\s*)"
_PERSON = re.compile(rf"{_LED_TO}(?<![\w.+-])[\w.+-]+@[\w.-]*\w(?:\s*[)>])?", re.IGNORECASE)
_DAY = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])")
_BLANK_IDENTIFIERS = frozenset({"none", "n/a", "na", "tbd", "unknown"})


def visible(text: str) -> str:
    """The text in NFC without invisible characters (control, zero-width, bidirectional, half surrogates).

    Tabs and line ends stay; other separators of lines become line ends.
    """
    if not text.replace("\n", "").isprintable():
        text = "".join(_seen(each) for each in text.replace("\r\n", "\n"))
    return unicodedata.normalize("NFC", text)


def scrub(text: str, item: PoamItem | None = None) -> str:
    """The text without addresses, host, account and e-mail names, CVEs and scanner ids, each marked.

    With an item also without that item's assets, CVEs and source identifier. `leaks` finds nothing in what is returned.
    """
    while spans := _spans(text, item):
        for start, end in reversed(spans):
            text = text[:start] + WITHHELD + text[end:]
    return text


def leaks(text: str, item: PoamItem | None = None) -> list[str]:
    """The fragments `scrub` would cut, in the order of the text; empty means that the text may go out."""
    return [text[start:end] for start, end in _spans(text, item)]


def unnamed(text: str) -> str:
    """The text without e-mail addresses and the word that leads to each: who said something is left out, not marked."""
    return _PERSON.sub("", text).strip()


def inert(text: str) -> str:
    """The text as plain words for Markdown and Jira's markup alike.

    It mentions and references nobody and nothing, opens no macro, comment, fence or HTML, and cannot look
    like one of our own marks or delimiters.
    """
    text = visible(text)
    for pattern, replacement in _INERT:
        text = pattern.sub(replacement, text)
    return "\n".join(line.strip() for line in text.split("\n"))


_INERT = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"&(?=#?\w+;)", "& "),  # an entity could spell a mention
        (r"\bhttp(?=s?://)", "hxxp"),
        (r"\bwww\.", "www "),
        (r"@", "(at)"),
        (r"[ \t]?#(?=\d)", " no. "),
        (r"\bGH-(?=\d)", "GH "),
        (r"<", "‹"),
        (r">", "›"),
        (r"`", "'"),
        (r"~{2,}", "~"),
        (r"[{[]", "("),
        (r"[]}]", ")"),
        (r"poam[\W_]*sync", "our tool"),
    )
)


def _seen(character: str) -> str:
    match unicodedata.category(character):
        case "Cc":
            return character if character in "\n\t" else "\n" if character in "\r\v\f\x85" else ""
        case "Zl" | "Zp":
            return "\n"
        case "Cf" | "Cs":
            return ""
        case _:
            return character


def _spans(text: str, item: PoamItem | None) -> list[tuple[int, int]]:
    """Where something must be cut, merged and in order. A calendar date is never a secret."""
    days = [found.span() for found in _DAY.finditer(text)]
    found = sorted(span for span in _found(text, item) if not _within(span, days))
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _within(span: tuple[int, int], days: list[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in days)


def _found(text: str, item: PoamItem | None) -> Iterator[tuple[int, int]]:
    for needle, pattern in _PATTERNS:
        if needle in text:
            yield from (each.span() for each in pattern.finditer(text))
    if item is None:
        return
    secrets = _secrets(item.assets, item.cves, item.weakness_source_identifier)
    for run in set(_RUN.findall(text.casefold())) & secrets.keys():
        for secret in secrets[run]:
            yield from (each.span() for each in _standing_alone(secret).finditer(text))


def _standing_alone(secret: str) -> re.Pattern[str]:
    """The secret with no letter or digit right before or after, across any white space and in any case."""
    words = r"\s+".join(re.escape(word) for word in secret.split(" "))
    return re.compile(rf"(?<![^\W_]){words}(?![^\W_])", re.IGNORECASE)


@lru_cache(maxsize=1024)
def _secrets(assets: tuple[str, ...], cves: str, source: str) -> Mapping[str, frozenset[str]]:
    """What identifies a weakness, folded, by its first run of letters and digits: found without trying each.

    Remembered, because every line of an issue asks; an item may have thousands of assets.
    """
    texts = [*assets, *_identifiers(cves), *_identifiers(source)]
    texts += [label for asset in assets for label in _labels(asset)]
    by_run: dict[str, set[str]] = {}
    for secret in (" ".join(text.casefold().split()) for text in texts):
        for run in _RUN.findall(secret)[:1]:
            by_run.setdefault(run, set()).add(secret)
    return {run: frozenset(secrets) for run, secrets in by_run.items()}


def _labels(asset: str) -> Iterator[str]:
    """The parts of an asset that identify it alone: `db01.corp.example:443/tcp` is also known as db01."""
    for piece in re.split(r"[\s/,;()|]+", asset):
        host = piece.split(":")[0]
        if re.search(r"[^\W\d]", host) and re.search(r"[\d._-]", host):
            yield from (piece, host, *(label for label in host.split(".")[:1] if len(label) > 2))


def _identifiers(text: str) -> Iterator[str]:
    whole = " ".join(text.split())
    if whole.casefold() not in _BLANK_IDENTIFIERS:
        yield whole
        yield from (piece for piece in re.split(r"[\s,;]+", text) if re.search(r"\d", piece))
