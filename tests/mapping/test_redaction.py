"""Redaction: what identifies a host, a person or a weakness is cut, and no text can act on a tracker."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.mapping.item import PoamItem
from poam.mapping.redaction import WITHHELD, inert, leaks, scrub, visible

ITEM = PoamItem(
    uid="u-1",
    system_id="ACME",
    poam_id="V-12",
    weakness_name="Samba heap overflow in the print spooler",
    weakness_source_identifier="nessus 97833",
    assets=("db01.corp.example:443/tcp", "10.20.30.40", "Payroll frontend", "WEBPROD7"),
    cves="CVE-2024-1234\nCVE-2025-99999",
)


@pytest.mark.parametrize(
    "secret",
    [
        *("10.1.2.3", "10.1.2.0/24", "10.1.2.3:8443", "10[.]1[.]2[.]3", "fe80::1", "2001:db8::8a2e:370:7334"),
        *("2001:0db8:0000:0000:0000:8a2e:0370:7334", "::ffff:10.1.2.3", "00:1A:2b:3C:4d:5e"),
        *(
            "db01.corp.example",
            "DB01.CORP.EXAMPLE:5432",
            "example.com",
            "xn--bcher-kva.example",
            "müller.example",
        ),
        *("https://wiki.corp.example/x?y=1", "ssh://host/path", "ann.lee@corp.example", "root@db01"),
        *("CVE-2024-1234", "cve 2024 1234", "CVE‑2024‑1234", "GHSA-abcd-12ef-gh34", "RHSA-2024:0012"),
        *("KB5005565", "MS17-010", "SV-230221r858734_rule", "plugin 97833", "Plugin ID: 97833", "QID 38739"),
        *("CORP\\svc_backup", "\\\\files\\share", "svc_backup", "adm-lee", "deploy_svc", "username: alee"),
        *("arn:aws:iam::123456789012:role/x", "i-0abc123def4567890", "S-1-5-21-1004336348-500"),
    ],
)
def test_whatever_identifies_a_machine_a_person_or_a_finding_is_cut(secret: str) -> None:
    for text in (secret, f"Patch {secret} now", f"({secret})", f"see {secret}, then reboot"):
        assert leaks(text)
        said = scrub(text)
        assert secret not in said
        assert WITHHELD in said
        assert leaks(said) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "V-12",
            "AC-2, SI-2(2) and SA-11",
            "due 2026-03-01",
            "TLS 1.2",
            "OpenSSL 3.0.14",
            "at 12:30",
            "e.g. this",
        ),
        *(
            "Edit package.json and nginx.conf.",
            "Upgrade Node to version 22. Then restart.",
            "50 % done; 3/4 left",
        ),
        *("A later date (2027-01-15) asked for by Ann is waiting for a decision.", "std::vector", "C++ & C#"),
    ],
)
def test_ordinary_sentences_stay_as_they_are(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("db01", "DB01", "db01-backup", "the payroll  FRONTEND", "Payroll\nfrontend", "webprod7,", "97833"),
        *("nessus 97833", "10.20.30.40", "CVE-2025-99999"),
    ],
)
def test_an_items_own_assets_and_identifiers_are_cut_in_any_case_and_spacing(text: str) -> None:
    assert leaks(text, ITEM)
    assert leaks(scrub(text, ITEM), ITEM) == []


def test_a_calendar_date_is_never_taken_for_a_secret() -> None:
    item = PoamItem("u", "ACME", "V-1", weakness_source_identifier="2027", assets=("01", "15"))
    assert scrub("due 2027-01-15", item) == "due 2027-01-15"
    assert scrub("Adobe 2027 on 15", item) == f"Adobe {WITHHELD} on {WITHHELD}"


def test_a_blank_source_identifier_is_no_secret() -> None:
    for blank in ("None", "N/A", ""):
        item = PoamItem("u", "ACME", "V-1", weakness_source_identifier=blank)
        assert scrub("None is left", item) == "None is left"


def test_leaks_are_told_in_the_order_of_the_text() -> None:
    assert leaks("ask ann@corp.example about 10.0.0.1 and db01", ITEM) == [
        "ann@corp.example",
        "10.0.0.1",
        "db01",
    ]


@given(
    st.text(alphabet="aA1.:-@\\/ _#[]\n\u200bvc", max_size=60),
    st.text(alphabet="aA1.- \n", max_size=8),
)
def test_nothing_leaks_from_what_was_scrubbed(text: str, asset: str) -> None:
    item = PoamItem("u", "ACME", "V-1", assets=(asset,), weakness_source_identifier=asset)
    said = scrub(text, item)
    assert leaks(said, item) == []
    assert scrub(said, item) == said


@given(st.text())
def test_text_without_anything_to_hide_is_returned_letter_for_letter(text: str) -> None:
    assert leaks(text) or scrub(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ask @ann and @acme/ops", "ask (at)ann and (at)acme/ops"),
        ("&#64;ann &commat;ann", "& no. 64;ann & commat;ann"),
        ("fixes #12, GH-7 and acme/web#5", "fixes no. 12, GH 7 and acme/web no. 5"),
        ("https://github.com/acme/web/issues/5", "hxxps://github.com/acme/web/issues/5"),
        ("<!-- hidden --> <script>", "‹!-- hidden --› ‹script›"),
        ("{code}x{code} [~ann] [a|http://b]", "(code)x(code) (~ann) (a|hxxp://b)"),
        ("```\nrm\n```", "'''\nrm\n'''"),
        ("poam-sync, POAM_Sync and poam  sync", "our tool, our tool and our tool"),
        ("poampoam-sync-sync", "poamour tool-sync"),
        ("@\u200bann po\u200bam-sync", "(at)ann our tool"),
        ("a\u2028b\r\nc\td", "a\nb\nc\td"),
        ("version < 2.3 of C#", "version ‹ 2.3 of C#"),
    ],
)
def test_text_mentions_references_and_opens_nothing(text: str, said: str) -> None:
    assert inert(text) == said


ACTIVE = r"@|#\d|\bGH-\d|https?://|\bwww\.|[<>`{}\[\]]|~~|&#?\w+;|poam[\W_]*sync"


@given(st.text(alphabet="@#1&;<>!-`~{}[]ahtps:/w.GHpoamsync_ \n\u200b") | st.text())
def test_no_text_whatever_stays_active(text: str) -> None:
    said = inert(text)
    assert not re.search(ACTIVE, said, re.IGNORECASE)
    assert inert(said) == said


@given(st.text(st.characters(exclude_categories=())))
def test_visible_text_holds_nothing_hidden(text: str) -> None:
    said = visible(text)
    assert visible(said) == said
    hidden = [each for each in said if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert set(hidden) <= {"\n", "\t"}
