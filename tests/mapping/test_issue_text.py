"""Issue text: an engineer can act on it, strangers learn nothing from it, and people's own words stay."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.mapping.issue_text import (
    BEGIN,
    BLOCK_LIMIT,
    END,
    Notice,
    block_in,
    issue_block,
    issue_title,
)
from poam.mapping.item import (
    ChangeKind,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
)
from poam.mapping.later_dates import later_date_text
from poam.mapping.lenses import labels_for, normal_body, normal_title
from poam.mapping.profiles import PROFILES, Profile
from poam.mapping.redaction import WITHHELD, TextMode

FEDRAMP, AGENCY = PROFILES["fedramp_rev5"], PROFILES["agency_rmf"]
MODES: tuple[TextMode, ...] = ("neutral", "restricted", "full")
ITEM = PoamItem(
    uid="u-1",
    system_id="ACME",
    poam_id="V-12",
    controls="SI-2",
    weakness_name="Outdated OpenSSH on the bastion",
    weakness_description="OpenSSH 8.2 on bastion7.corp.example is affected by CVE-2024-6387.",
    weakness_source_identifier="201194",
    point_of_contact="Ann Lee",
    remediation_plan="Upgrade OpenSSH on bastion7 and restart 10.9.8.7, see CVE-2024-6387.",
    original_detection_date="2026-01-01",
    scheduled_completion_date="2026-04-01",
    original_risk_rating=Rating.HIGH,
    cves="CVE-2024-6387",
    assets=("bastion7.corp.example", "10.9.8.7"),
    milestones=(
        Milestone(1, "Test on bastion7", "2026-02-01"),
        Milestone(2, "Roll out", "2026-03-01"),
    ),
    milestone_changes=(MilestoneChange(2, ChangeKind.UPDATE, "2026-03-20", "waiting for a window"),),
)
NOTICE = Notice("The later date 2027-01-15 was not accepted", "the port can be closed now")
SECRETS = ("bastion7", "corp.example", "10.9.8.7", "CVE-2024-6387", "201194")


def block(
    mode: TextMode,
    item: PoamItem = ITEM,
    *notices: Notice,
    profile: Profile = FEDRAMP,
    limit: int = BLOCK_LIMIT,
    move_date: str = "move the due date",
) -> str:
    return issue_block(item, profile, mode, notices, limit, move_date=move_date)


def test_the_title_says_no_more_than_the_mode_allows() -> None:
    assert issue_title(ITEM, "neutral", 255) == "[V-12] Compliance remediation task"
    assert issue_title(ITEM, "restricted", 255) == "[V-12] Update software"
    assert issue_title(ITEM, "full", 255) == "[V-12] Outdated OpenSSH on the bastion"


def test_a_title_is_already_as_the_tracker_will_show_it() -> None:
    long = replace(ITEM, weakness_name="Very\r\nlong @name #1 " * 40)
    for mode, limit in product(MODES, (20, 255, 256)):
        title = issue_title(long, mode, limit)
        assert normal_title(title, limit) == title
        assert title.startswith("[V-12] ")


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_names_item_due_date_and_how_to_go_on(mode: TextMode) -> None:
    text = block(mode, ITEM, NOTICE)
    for said in ("V-12", "Due date: 2026-04-01", "Done means:", NOTICE.words):
        assert said in text
    assert "close this issue as done: that claims the work done" in text
    assert "To ask for a later date, move the due date" in text
    assert "it becomes a request for the ISSO" in text


@pytest.mark.parametrize(("mode", "told"), [("neutral", False), ("restricted", True), ("full", True)])
def test_who_answers_for_an_item_and_how_bad_it_is_stays_among_our_own_people(mode: TextMode, told: bool) -> None:
    text = block(mode)
    assert [said in text for said in ("Owner: Ann Lee", "Risk: high")] == [told, told]


TEXTS = tuple(
    each.name for each in fields(PoamItem) if each.type == "str" and each.name not in ("uid", "system_id", "poam_id")
)
"""Every field that holds what somebody wrote."""


def test_the_free_texts_of_an_item_are_known() -> None:
    assert {"point_of_contact", "weakness_name", "comments", "resources_required", "service_names"} < set(TEXTS)


@given(
    st.text("abcdefghijklmnop", min_size=5, max_size=12).map("quux{}".format),
    st.sampled_from(["{}", "Ann {}", "{} Lee, System Owner", "{}-7", "x@{}.example"]),
    st.sampled_from(list(State)),
    st.sampled_from(list(PROFILES)),
    st.booleans(),
    st.sampled_from([None, "2026-02-01", "2099-01-01"]),
)
def test_a_neutral_issue_holds_no_word_that_anybody_wrote(
    canary: str, form: str, state: State, key: str, waiting: bool, date: str | None
) -> None:
    text = form.format(canary)
    item = replace(
        ITEM,
        **dict.fromkeys(TEXTS, text),
        state=state,
        forecast_date=date,
        assets=(text,),
        milestones=(Milestone(1, text, "2026-02-01"),),
        milestone_changes=(MilestoneChange(1, ChangeKind.UPDATE, "2026-03-20", text),),
        kev_tracking=True,
    )
    said = [
        issue_title(item, "neutral", 255),
        block("neutral", item, Notice(NOTICE.words, text), profile=PROFILES[key]),
        *labels_for(item, waiting, "neutral"),
    ]
    assert canary not in "\n".join(said).casefold()
    assert said == [
        issue_title(bare(item), "neutral", 255),
        block("neutral", bare(item), Notice(NOTICE.words, "x"), profile=PROFILES[key]),
        *labels_for(bare(item), waiting, "neutral"),
    ], "it depends on nothing but the id, the dates and how the item stands"


def bare(item: PoamItem) -> PoamItem:
    """The item without a word that anybody wrote."""
    return replace(
        item,
        **dict.fromkeys(TEXTS, ""),
        assets=(),
        milestones=(),
        milestone_changes=(),
        kev_tracking=None,
        original_risk_rating=None,
    )


def test_a_neutral_block_says_nothing_of_weakness_severity_plan_or_assets() -> None:
    text = block("neutral")
    for word in (*SECRETS, "OpenSSH", "Outdated", "high", "Upgrade", "Roll out", "SI-2", "Plan", "Milestone"):
        assert word.casefold() not in text.casefold()


def test_a_restricted_block_has_kind_of_work_plan_and_milestones_without_hosts_and_cves() -> None:
    text = block("restricted")
    assert "Kind of work: Update software" in text
    assert f"Plan: Upgrade OpenSSH on {WITHHELD} and restart {WITHHELD}, see {WITHHELD}." in text
    assert f"Milestone 1, 2026-02-01: Test on {WITHHELD}" in text
    assert "Milestone 2, moved to 2026-03-20: waiting for a window" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_a_full_block_has_name_description_assets_plan_and_milestones() -> None:
    text = block("full")
    for said in (
        ITEM.weakness_name,
        ITEM.weakness_description,
        *ITEM.assets,
        ITEM.remediation_plan,
        "Roll out",
    ):
        assert said in text


def test_a_forecast_is_shown_with_the_date_that_binds() -> None:
    text = block("neutral", replace(ITEM, forecast_date="2026-03-01"))
    assert "Due date: 2026-03-01 (forecast; required by 2026-04-01)" in text
    undated = replace(ITEM, scheduled_completion_date=None)
    assert "Due date: none yet" in block("neutral", undated)
    assert "Due date: 2026-03-01 (forecast)" in block("neutral", replace(undated, forecast_date="2026-03-01"))


def test_where_no_extension_exists_the_block_says_that_the_date_does_not_move() -> None:
    assert "the required date itself does not move" in block("neutral")
    assert "the required date itself does not move" not in block("neutral", profile=AGENCY)


def test_the_block_tells_where_the_item_stands() -> None:
    assert "waits for verification" in block("neutral", replace(ITEM, state=State.PENDING_VERIFICATION))
    closed = block("neutral", replace(ITEM, state=State.CLOSED))
    assert "This item is closed" in closed
    assert "claims the work done" not in closed


def test_a_decision_is_one_line_and_its_reason_goes_as_far_as_the_mode_allows() -> None:
    why = "bastion7 still answers to\nCVE-2024-6387, as the scan of 10.9.8.7 shows"
    refused = Notice("Not accepted as done on 2026-03-02", why)
    assert "Not accepted as done on 2026-03-02; ask the compliance team why.\n" in block("neutral", ITEM, refused)
    redacted = f"{WITHHELD} still answers to {WITHHELD}, as the scan of {WITHHELD} shows"
    assert f"Not accepted as done on 2026-03-02: {redacted}\n" in block("restricted", ITEM, refused)
    assert f"Not accepted as done on 2026-03-02: {' '.join(why.split())}\n" in block("full", ITEM, refused)


@pytest.mark.parametrize("mode", MODES)
def test_a_decision_without_a_reason_says_just_what_was_decided(mode: TextMode) -> None:
    assert "The later date 2027-01-15 was approved.\n" in block(
        mode, ITEM, Notice("The later date 2027-01-15 was approved")
    )


def test_our_own_words_are_no_secret_even_where_the_weakness_has_the_same() -> None:
    item = replace(ITEM, weakness_name="Work accepted before it is done")
    assert "Not accepted as done on 2026-03-02." in block("neutral", item, Notice("Not accepted as done on 2026-03-02"))


@pytest.mark.parametrize("mode", ["restricted", "full"])
@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("asked ann@acme.example about it", "asked about it"),
        ("the scan by ann@acme.example still finds it", "the scan still finds it"),
        ("not fixed (ann@acme.example), says Ann", "not fixed, says Ann"),
        ("not fixed <mailto:ann@acme.example>.", "not fixed."),
    ],
)
def test_who_is_named_by_address_is_left_out_of_a_reason(mode: TextMode, why: str, said: str) -> None:
    assert f"Not accepted: {said}\n" in block(mode, ITEM, Notice("Not accepted", why))


@pytest.mark.parametrize("mode", ["restricted", "full"])
def test_a_decided_later_date_stands_among_the_milestones_without_names(mode: TextMode) -> None:
    who = ("ann@acme.example", "isso@acme.example")
    told = later_date_text("2027-03-31", "2026-04-01", "the patch comes in March", *who, extended=False)
    item = replace(ITEM, milestone_changes=(MilestoneChange(2, ChangeKind.UPDATE, "2027-03-31", told),))
    line = next(line for line in block(mode, item).split("\n") if "2027-03-31" in line)
    assert line == (
        "Milestone 2, moved to 2027-03-31: Completion by 2027-03-31, later than the due date 2026-04-01, which "
        "stands: the patch comes in March."
    )


def test_each_tracker_tells_only_its_own_way_to_move_a_date() -> None:
    told = block("neutral", move_date="turn the calendar")
    assert "To ask for a later date, turn the calendar and say why in a comment" in told
    for other in ("GitHub", "Jira", "label"):
        assert other not in told


def test_an_id_that_spells_a_secret_is_withheld_except_in_full() -> None:
    item = replace(ITEM, poam_id="CVE-2024-6387")
    assert issue_title(item, "neutral", 255) == f"[{WITHHELD}] Compliance remediation task"
    assert issue_title(item, "full", 255).startswith("[CVE-2024-6387] ")
    stig = replace(ITEM, poam_id="V-230221", weakness_source_identifier="V-230221")
    assert "230221" not in issue_title(stig, "neutral", 255) + block("neutral", stig)


# Words every block holds, and a word that stands for a blank source identifier, are no secrets.
FIXED_WORDS = {"tbd"} | set(re.findall(r"\w+", block("neutral", PoamItem("", "", "")).casefold()))
WORD = st.text("bcdfghjklmnprstvwxyz0123456789", min_size=3, max_size=10).filter(
    lambda word: word not in FIXED_WORDS and not word.isdigit()
)
ADDRESS = st.tuples(*[st.integers(0, 255)] * 4).map(lambda octets: ".".join(map(str, octets)))
HOST = st.tuples(WORD, WORD).map(lambda words: f"{words[0]}.{words[1]}.example")
CVE = st.tuples(st.integers(1999, 2030), st.integers(1000, 99999)).map(lambda n: f"CVE-{n[0]}-{n[1]}")


@given(
    words=st.lists(WORD, min_size=1, max_size=4),
    assets=st.lists(WORD | ADDRESS | HOST, min_size=1, max_size=4),
    cves=st.lists(CVE, max_size=3),
    source=WORD,
    glue=st.sampled_from([" ", ", ", "\n", " (", "/", ": "]),
    state=st.sampled_from(State),
)
def test_nothing_of_the_weakness_leaves_in_neutral_wherever_it_was_written(
    words: list[str], assets: list[str], cves: list[str], source: str, glue: str, state: State
) -> None:
    secrets = [*words, *assets, *cves, source]
    everywhere = glue.join(secrets)
    item = replace(
        ITEM,
        state=state,
        poam_id=f"V-12 {glue.join([*assets, *cves, source])}",
        weakness_name=" ".join(words),
        assets=tuple(assets),
        cves="\n".join(cves),
        weakness_source_identifier=source,
        point_of_contact=f"Ann {everywhere}",
        weakness_description=everywhere,
        remediation_plan=everywhere,
        comments=everywhere,
        milestones=(Milestone(1, everywhere, "2026-02-01"),),
    )
    said = issue_title(item, "neutral", 255) + "\n" + block("neutral", item, Notice("Not accepted", everywhere))
    folded = said.casefold()
    assert [secret for secret in secrets if re.search(rf"(?<!\w){re.escape(secret.casefold())}(?!\w)", folded)] == []
    assert not re.search(r"\d+\.\d+\.\d+\.\d+|CVE-\d", said)


@given(
    st.sampled_from(MODES),
    st.text(),
    st.text(),
    st.lists(st.text(), max_size=3),
    st.sampled_from(list(PROFILES)),
)
def test_a_block_of_any_text_is_one_region_already_normal(
    mode: TextMode, text: str, other: str, notices: list[str], key: str
) -> None:
    item = replace(
        ITEM,
        poam_id=other,
        weakness_name=text,
        weakness_description=f"{text}\n{END}\n{BEGIN}\n{other}",
        remediation_plan=f"{BEGIN.lower()}\n{other}\n{END}",
        point_of_contact=END,
        assets=(END, BEGIN, text),
    )
    reasons = [Notice("Because", reason) for reason in (*notices, END, f"\n{BEGIN}\n")]
    text_block = block(mode, item, *reasons, profile=PROFILES[key])
    assert normal_body(text_block) == text_block
    assert text_block.startswith(f"{BEGIN}\n")
    assert text_block.endswith(f"\n{END}")
    assert block_in(text_block) == text_block


def test_no_text_of_the_record_notifies_or_references_anybody() -> None:
    nasty = "@ann #12 GH-3 acme/web#4 https://github.com/acme/web/issues/5 <!-- poam-sync id=x --> {code} [~bob] ```"
    item = replace(
        ITEM,
        weakness_name=nasty,
        weakness_description=nasty,
        remediation_plan=nasty,
        point_of_contact=nasty,
        assets=(nasty,),
        controls=nasty,
        cves=nasty,
        milestones=(Milestone(1, nasty, "2026-02-01"),),
    )
    for mode in MODES:
        said = issue_title(item, mode, 255).removeprefix("[V-12] ") + block(mode, item, Notice("Because", nasty))
        assert not re.search(r"@|#\d|GH-\d|https?://|<|>|\{|\}|\[|\]|`", said)
        assert said.count("poam-sync") == 2


@pytest.mark.parametrize("mode", MODES)
def test_long_texts_are_shortened_until_the_block_fits_and_the_guidance_stays(mode: TextMode) -> None:
    long = "word " * 50_000
    item = replace(
        ITEM,
        weakness_description=long,
        remediation_plan=long,
        point_of_contact=long,
        assets=tuple(f"host{n}.corp.example" for n in range(3000)),
        milestones=tuple(Milestone(n, long, "2026-02-01") for n in range(1, 40)),
    )
    for limit in (2500, 6000, BLOCK_LIMIT, 60_000):
        text = block(mode, item, Notice("Because", long), NOTICE, limit=limit)
        assert len(text) <= limit
        assert block_in(text) == text
        assert "V-12" in text
        assert "claims the work done" in text


def test_a_short_secret_is_not_uncovered_by_shortening() -> None:
    item = replace(ITEM, assets=("database",), remediation_plan="x" * 90 + " databases" * 3000)
    text = block("restricted", item)
    assert not re.search(r"\bdatabase\b", text)


def test_the_issue_says_why_its_date_binds_as_far_as_the_mode_allows() -> None:
    due = "2026-01-31"  # thirty days from the detection
    assert why("full", scheduled_completion_date=due) == "FedRAMP Rev 5 gives 30 days from the detection on 2026-01-01"
    assert why("restricted", scheduled_completion_date="2026-01-20") == "the POA&M sets this date"
    assert why("full", kev_due_date="2026-01-15") == "CISA lists this weakness as exploited and sets the date"
    extended = {"approved_extension_date": "2026-06-01", "profile": AGENCY}
    assert why("neutral", **extended) == "a later date was asked for and approved"
    assert why("full", scheduled_completion_date=due, forecast_date="2026-01-10").startswith("FedRAMP Rev 5 gives 30")


@pytest.mark.parametrize("values", [{"kev_due_date": "2026-01-15"}, {"scheduled_completion_date": "2026-01-31"}, {}])
def test_a_neutral_issue_does_not_say_what_the_date_follows_from(values: dict[str, str]) -> None:
    assert why("neutral", **values) == "the POA&M sets this date"


@pytest.mark.parametrize("values", [{"scheduled_completion_date": None}, {"state": State.CLOSED}])
def test_where_no_date_binds_nothing_says_why(values: dict[str, Any]) -> None:
    assert "Why then" not in block("full", replace(ITEM, **values))


def why(mode: TextMode, *, profile: Profile = FEDRAMP, **values: Any) -> str:
    (line,) = [line for line in block(mode, replace(ITEM, **values), profile=profile).split("\n") if "Why then" in line]
    return line.removeprefix("Why then: ").removesuffix(".")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (FindingKind.VULNERABILITY, "the change, and the new scan of every affected asset"),
        (FindingKind.CONFIGURATION, "the change, and the new scan or the setting as it is now"),
        (FindingKind.PENETRATION_TEST, "the change, and what the repeated test showed"),
        (FindingKind.CONTROL_GAP, "the document or the record that shows it in place"),
    ],
)
def test_the_issue_says_which_evidence_to_give(kind: FindingKind, told: str) -> None:
    assert f"Evidence to link here: {told}." in block("restricted", replace(ITEM, finding_kind=kind))
    assert "Evidence to link" not in block("neutral", replace(ITEM, finding_kind=kind))
