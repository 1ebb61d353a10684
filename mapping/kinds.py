"""What kind of finding a row of a document is, and what kind of work an item asks for: small tables of words.

Only whole words count: `login` is no `log`. The tables are the specification, and docs/configuration.md shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .item import FindingKind, PoamItem
from .redaction import visible


def _whole_words(words: str) -> re.Pattern[str]:
    """Any of the words with no letter or digit right before or after it, in any case."""
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE)


_DETECTORS = (
    (
        _whole_words(r"pen(?:etration)?[ -]?test(?:s|ing|er|ers)?|red team(?:ing)?"),
        FindingKind.PENETRATION_TEST,
    ),
    (
        _whole_words(
            r"scan(?:s|ner|ners|ning)?|vulnerabilit(?:y|ies)|(?:sast|dast|sca)"
            r"|nessus|tenable|qualys|rapid7|nexpose|insightvm|openvas|greenbone|web ?inspect|burp|zap|acunetix"
            r"|netsparker|invicti|app ?scan|veracode|checkmarx|fortify|sonarqube|semgrep|snyk|dependabot|codeql"
            r"|trivy|grype|clair|anchore|aqua|twistlock|prisma|wiz|orca|inspector|defender|crowdstrike"
        ),
        FindingKind.VULNERABILITY,
    ),
)
_PLUGIN = re.compile(r"\d{3,}")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)


def kind_of(detector: str, identifier: str, cves: str) -> FindingKind:
    """The kind of a finding by who found it, for a document that has no column for it.

    The tab says what is a configuration; everything else that no scan and no penetration test found, somebody
    assessed: it is a gap in a control, which a person examines and no scan proves.
    """
    named = next((kind for words, kind in _DETECTORS if words.search(detector)), None)
    if named is not None:
        return named
    scanned = cves.strip() or _PLUGIN.fullmatch(identifier.strip())
    return FindingKind.VULNERABILITY if scanned else FindingKind.CONTROL_GAP


_CATEGORIES = (
    (
        _whole_words(r"(?:tls|ssl)(?:v?\d+)?|https|ciphers?|certificates?|in transit"),
        "Strengthen encryption in transit",
    ),
    (
        _whole_words(r"(?:un)?encrypt(?:ed|ion|s)?|at rest|kms"),
        "Strengthen encryption of stored data",
    ),
    (
        _whole_words(
            r"mfa|multi-?factor|passwords?|passphrases?|(?:un)?authenticat(?:e|es|ed|ion|or|ors)|credentials?"
            r"|log-?[io]ns?|sign-?[io]ns?"
        ),
        "Strengthen sign-in",
    ),
    (
        _whole_words(
            # Whoever escalates privileges uses a fault; what is to be done about the fault, other words say.
            r"(?<!escalation of )(?<!escalate )(?<!elevation of )(?<!elevate )(?:(?:un)?privileged?|privileges)"
            r"(?![ -](?:escalation|elevation))|permissions?|access control|accounts?"
        ),
        "Tighten access rights",
    ),
    (
        _whole_words(
            r"inject(?:s|ed|ion|ions)?|xss|cross-site|csrf|deseriali[sz](?:e|es|ed|ation)|overflows?"
            r"|(?:un)?sanitiz(?:e|es|ed|ation)"
        ),
        "Fix application code",
    ),
    (
        _whole_words(r"librar(?:y|ies)|dependenc(?:y|ies)|packages?|components?"),
        "Patch a third-party library",
    ),
    (
        _whole_words(
            r"outdated|unsupported|end[ -]of[ -]life|obsolete|(?:un)?patch(?:es|ed|ing)?|updat(?:e|es|ed|ing)"
            r"|upgrad(?:e|es|ed|ing)|versions?"
        ),
        "Update software",
    ),
    (_whole_words(r"logs?|logged|logging|audit(?:s|ed|ing)?|monitor(?:s|ed|ing)?"), "Complete logging and monitoring"),
    (
        _whole_words(r"backups?|back(?:ed)? up|recover(?:y|ed)?|restor(?:e|es|ed|ation|ing)|contingency"),
        "Strengthen backup and recovery",
    ),
)
_KINDS = {
    FindingKind.VULNERABILITY: "Fix a vulnerability",
    FindingKind.CONFIGURATION: "Correct a configuration",
    FindingKind.PENETRATION_TEST: "Fix a weakness found by testing",
    FindingKind.CONTROL_GAP: "Close a gap in a control",
}


def category(item: PoamItem) -> str:
    """The kind of work as a fixed phrase: what, not where or why.

    A configuration is a setting to be corrected, whatever it is about; else words of the weakness name choose. Where
    none does, a vulnerability that the world knows by a number is mended by a newer version; else the kind of finding.
    """
    published = item.finding_kind is FindingKind.VULNERABILITY and _is_published(item)
    return next(_told_by_name(item), "Update software" if published else _KINDS[item.finding_kind])


def _is_published(item: PoamItem) -> bool:
    """Whether it has a CVE, or the number of a scanner's plugin."""
    identifier = item.weakness_source_identifier.strip()
    return bool(item.cves.strip() or _PLUGIN.fullmatch(identifier) or _CVE.search(identifier))


def _told_by_name(item: PoamItem) -> Iterator[str]:
    if item.finding_kind is not FindingKind.CONFIGURATION:
        name = visible(item.weakness_name)
        yield from (phrase for words, phrase in _CATEGORIES if words.search(name))
