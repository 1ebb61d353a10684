"""Kinds of findings and of work: chosen by whole words, from tables that a person can read."""

from __future__ import annotations

import pytest

from poam.mapping.item import FindingKind, PoamItem
from poam.mapping.kinds import category, kind_of

VULNERABILITY, CONFIGURATION = FindingKind.VULNERABILITY, FindingKind.CONFIGURATION
TESTED, GAP = FindingKind.PENETRATION_TEST, FindingKind.CONTROL_GAP


@pytest.mark.parametrize(
    ("detector", "identifier", "cves", "kind"),
    [
        ("Tenable Nessus", "19506", "CVE-2026-0001", VULNERABILITY),
        ("NESSUS\nSecurity Assessment Report", "None", "", VULNERABILITY),
        ("Container scan", "", "", VULNERABILITY),
        ("AcmeTool 3", "201194", "", VULNERABILITY),
        ("AcmeTool 3", "", "CVE-2026-0001", VULNERABILITY),
        ("Penetration test", "", "", TESTED),
        ("Penetration test", "PT-204", "CVE-2026-0001", TESTED),
        ("3PAO Pen-Test, August 2026", "", "", TESTED),
        ("pentesting by the red team", "", "", TESTED),
        ("Security Assessment Report", "SAR-12", "", GAP),
        ("Contingency plan test", "", "", GAP),
        ("Annual self-assessment 2026", "None", "", GAP),
        ("Scandinavian Audit Partners", "", "", GAP),
        ("", "", "", GAP),
    ],
)
def test_who_found_a_weakness_says_what_kind_it_is(
    detector: str, identifier: str, cves: str, kind: FindingKind
) -> None:
    assert kind_of(detector, identifier, cves) is kind


@pytest.mark.parametrize(
    ("name", "kind", "phrase"),
    [
        ("SSL Medium Strength Cipher Suites", VULNERABILITY, "Strengthen encryption in transit"),
        ("TLSv1.0 is enabled", VULNERABILITY, "Strengthen encryption in transit"),
        ("TLS_RSA offered", VULNERABILITY, "Strengthen encryption in transit"),
        ("MFA not enforced", GAP, "Strengthen sign-in"),
        ("SSH permits root login", VULNERABILITY, "Strengthen sign-in"),
        ("Stored XSS", TESTED, "Fix application code"),
        ("Audit logs are not reviewed", GAP, "Complete logging and monitoring"),
        ("Backups are taken but their restoration is not tested", GAP, "Strengthen backup and recovery"),
        ("Outdated library", VULNERABILITY, "Patch a third-party library"),
        ("Unpatched kernel", VULNERABILITY, "Update software"),
        ("Something else", VULNERABILITY, "Fix a vulnerability"),
        ("", GAP, "Close a gap in a control"),
        # parts of words say nothing
        ("Catalogue of the technologist", VULNERABILITY, "Fix a vulnerability"),
        # what an attacker would gain is not what is to be done
        ("Database engine privilege escalation", VULNERABILITY, "Fix a vulnerability"),
        ("Local escalation of privileges in the agent", TESTED, "Fix a weakness found by testing"),
        ("Unprivileged users may write", GAP, "Tighten access rights"),
        ("The reversion of a dispatch", GAP, "Close a gap in a control"),
        ("Retained at least a year", GAP, "Close a gap in a control"),
    ],
)
def test_the_kind_of_work_is_told_by_whole_words_of_the_name(name: str, kind: FindingKind, phrase: str) -> None:
    assert category(PoamItem("u", "s", "V-1", weakness_name=name, finding_kind=kind)) == phrase


@pytest.mark.parametrize(
    "known",
    [
        {"cves": "CVE-2026-1"},
        {"weakness_source_identifier": "CVE-2026-10001"},
        {"weakness_source_identifier": "158929"},
    ],
)
def test_a_published_vulnerability_is_mended_by_a_newer_version_unless_its_name_says_otherwise(
    known: dict[str, str],
) -> None:
    def told(name: str, kind: FindingKind = VULNERABILITY) -> str:
        return category(PoamItem("u", "s", "V-1", weakness_name=name, finding_kind=kind, **known))  # type: ignore[arg-type]

    assert told("Database engine privilege escalation") == "Update software"
    assert told("SSL Medium Strength Cipher Suites") == "Strengthen encryption in transit"
    assert told("Something else", GAP) == "Close a gap in a control"


@pytest.mark.parametrize("name", ["SSH permits root login", "Audit log too small", "TLS 1.0", "", "Something else"])
def test_a_configuration_is_corrected_whatever_it_is_about(name: str) -> None:
    item = PoamItem("u", "s", "V-1", controls="CM-6", weakness_name=name, finding_kind=CONFIGURATION)
    assert category(item) == "Correct a configuration"
