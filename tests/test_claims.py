"""Claims: their file, its errors, what each form finds, and the report."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tropism.claims import check_claims, load_claims
from tropism.claims.checking import CHECKERS
from tropism.claims.document import claims_schema, dump_claims, parse_claims, with_thresholds
from tropism.claims.forms import Claim, Thresholds
from tropism.claims.result import Finding, together
from tropism.cli import run
from tropism.errors import SchemaError
from tropism.report import claims as report

ROOT = Path(__file__).parents[1]
KAZAN = ROOT / "examples/kazan/claims.yaml"


def one(test: str, more: str = "") -> str:
    """A file with one claim and one test."""
    return f"claims:\n- id: c1\n  quote: A sentence.\n{more}  tests:\n  - {test}\n"


def finding(test: str, **thresholds: float) -> Finding:
    claims = with_thresholds(parse_claims(one(test)), [f"{k}={v}" for k, v in thresholds.items()])
    return check_claims(claims).checked[0].findings[0]


@pytest.fixture(scope="module")
def kazan():
    return check_claims(load_claims(KAZAN))


# ------------------------------------------------------------------------------------------ the file


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (
            one("{form: change, state: Pakistn, toward: RUS, away_from: USA}"),
            r"line 5, .*state: 'Pakistn' is no",
        ),
        (one("{form: change, state: PAK, toward: RUS}"), r"line 5, .*away_from: field required"),
        (
            one("{form: change, state: PAK, toward: PAK, away_from: USA}"),
            r"line 5, .*PAK stands in two roles",
        ),
        (one("{form: guess, state: PAK}"), r"line 5, .*'level', 'change'"),
        (
            one("{form: level, state: PAK, on: USA, line: love}"),
            r"line 5, .*line: 'love' is no line of evidence",
        ),
        (one("{form: fact, state: PAK, other: RUS}"), r"line 5, .*a membership needs an organisation"),
        (one("{form: untestable, reason: motive}", "  colour: red\n"), r"line 4, claims.0.colour: extra"),
        (one("{form: untestable, reason: motive}", "  id: c2\n"), r"line 4, id: stands here twice"),
        ("claims: [", r"line 1: no YAML"),
        ("- a list", r"no claims in it"),
        ("", r"no claims in it"),
        ("a: &x [1]\nclaims: *x", r"anchors and aliases"),
        ("schema_version: 2\nclaims: []", r"line 1, schema_version"),
        ("thresholds: {tail: 80}\nclaims: []", r"line 1, thresholds.tail: .*less than 50"),
    ],
)
def test_an_error_names_line_and_field(text, where):
    with pytest.raises(SchemaError, match=where):
        parse_claims(text, "claims.yaml")


def test_two_claims_of_one_name_are_refused():
    text = one("{form: untestable, reason: value}")
    with pytest.raises(SchemaError, match="two claims have the id 'c1'"):
        parse_claims(text + text.removeprefix("claims:\n"))


def test_norway_is_no_truth_value():
    claims = parse_claims(one("{form: level, state: NO, on: SE, line: trade_gap}"))
    assert (claims.claims[0].tests[0].state, claims.claims[0].tests[0].on) == ("NOR", "SWE")


def test_what_is_written_is_read_again():
    claims = load_claims(KAZAN)
    assert parse_claims(dump_claims(claims)) == claims


def test_the_published_schema_accepts_the_file_and_refuses_another():
    schema = claims_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = json.loads(load_claims(KAZAN).model_dump_json(exclude_none=True))
    jsonschema.validate(content, schema)
    content["claims"][0]["tests"][0]["form"] = "guess"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_every_form_has_a_checker():
    union = claims_schema()["$defs"]["Claim"]["properties"]["tests"]["items"]["discriminator"]["mapping"]
    assert set(union) == set(CHECKERS)


# ------------------------------------------------------------------------------------------ verdicts


def test_several_tests_make_one_verdict():
    tests = [{"form": "untestable", "reason": "value"}] * 3

    def verdict(*found: str, denied: bool = False) -> str:
        claim = Claim(id="c", quote="q", denied=denied, tests=tests[: len(found)])
        return together(claim, [Finding(each, "") for each in found], Thresholds()).verdict

    assert verdict("supported", "supported", "cannot tell") == "supported"
    assert verdict("supported", "contradicted") == "mixed"
    assert verdict("supported", "cannot tell") == "cannot tell"  # half is not more than half
    assert verdict("supported", "contradicted", "cannot tell", denied=True) == "mixed"
    assert verdict("contradicted", denied=True) == "supported"
    assert verdict("cannot tell", denied=True) == "cannot tell"
    assert verdict("not testable") == "not testable"


def test_a_level_is_read_against_a_threshold_that_can_be_changed():
    test = "{form: level, state: India, on: Russia, line: mineral_imports, until: 2024}"
    assert finding(test).verdict == "supported"
    high = finding(test, depends_share=0.3)
    assert high.verdict == "contradicted"
    assert high.threshold == "at least 30 %"


def test_a_level_without_a_customary_threshold_asks_for_one():
    test = "{form: level, state: Pakistan, on: Russia, line: vote_similarity%s}"
    assert finding(test % "").verdict == "cannot tell"
    assert finding(test % ", at_least: 0.1").verdict == "supported"
    assert finding(test % ", at_most: 0.1").verdict == "contradicted"


def test_a_comparison_turns_round_with_its_sides():
    test = "{form: comparison, state: %s, on: Russia, line: mineral_imports, than_state: %s}"
    assert finding(test % ("India", "Pakistan")).verdict == "supported"
    assert finding(test % ("Pakistan", "India")).verdict == "contradicted"
    same = "{form: comparison, state: Pakistan, on: Russia, line: vote_similarity, than_on: China}"
    assert finding(same, more_by=10).verdict == "contradicted"


def test_a_change_needs_as_many_kinds_of_evidence_as_the_threshold_says():
    test = "{form: change, state: Pakistan, toward: Russia, away_from: USA, event: 2014}"
    assert finding(test).verdict == "cannot tell"
    assert finding(test, kinds=1).verdict == "supported"
    assert finding(test, tail=1, kinds=1).verdict == "contradicted"


def test_memberships_tell_members_from_those_invited_and_from_strangers():
    test = "{form: fact, state: %s, other: BRICS%s}"
    assert finding(test % ("Egypt", "")).verdict == "supported"
    assert finding(test % ("Egypt", ", since: 2024-06-01")).verdict == "contradicted"
    assert finding(test % ("Saudi Arabia", "")).verdict == "mixed"
    assert finding(test % ("Norway", "")).verdict == "contradicted"


def test_a_dated_event_is_found_and_its_absence_proves_nothing():
    test = "{form: fact, state: Pakistan, other: %s, kind: agreement, since: 2023-05-01, until: 2023-05-31}"
    found = finding(test % "Russia")
    assert found.verdict == "supported"
    assert "customs" in found.figure
    assert finding(test % "China").verdict == "cannot tell"


def test_who_punishes_is_counted_by_day_and_only_where_the_tables_look():
    test = "{form: conditionality, state: %s, punishes: %s, spares: %s%s}"
    assert finding(test % ("Pakistan", "USA", "Russia", "")).verdict == "supported"
    assert finding(test % ("Pakistan", "Russia", "USA", "")).verdict == "contradicted"
    assert finding(test % ("Pakistan", "USA", "Japan", "")).verdict == "mixed"
    assert finding(test % ("Kenya", "USA", "China", "")).verdict == "cannot tell"


def test_an_explanation_is_read_against_the_runner_up():
    cuba = "state: Cuba, toward: Russia, away_from: USA, event: 1959, years_after: 5"
    test = f"{{form: explanation, {cuba}, explanation: %s}}"
    sure = finding(test % "shift", decides=0.01)
    assert sure.verdict == "supported"
    assert finding(test % "nothing", decides=0.01).verdict == "contradicted"
    finer = finding(test % "realignment", decides=0.01)
    assert finer.verdict == "cannot tell"
    assert "cannot be told from the rest" in finer.figure


def test_what_has_no_data_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    found = finding("{form: level, state: Pakistan, on: USA, line: arms_imports}")
    assert found.verdict == "cannot tell"
    assert "tropism data add sipri" in found.figure


def test_every_kazan_claim_ends_in_a_verdict_or_a_reason(kazan):
    assert len(kazan.checked) >= 12
    for each in kazan.checked:
        assert all(found.figure for found in each.findings)
        for test, found in each.pairs:
            if found.verdict in ("supported", "contradicted", "mixed"):
                assert found.threshold and found.reverse and found.command and found.provenance, test
    verdicts = {each.claim.id: each.verdict for each in kazan.checked}
    assert verdicts["afloat"] == "contradicted"
    assert verdicts["brics"] == "mixed"
    assert verdicts["plans"] == "not testable"
    # A claim and its denial cannot both hold.
    assert {verdicts["shift"], verdicts["no-shift"]} in ({"cannot tell"}, {"supported", "contradicted"})


def test_the_result_has_its_tables(kazan):
    assert len(kazan.tidy()) == sum(len(each.findings) for each in kazan.checked)
    assert len(kazan.summary()) == len(kazan.checked)
    assert json.loads(kazan.to_json())["counts"] == kazan.counts
    assert "tropism" in kazan.cite()


# ------------------------------------------------------------------------------------------ report, command


def test_the_page_has_every_sentence_verdict_and_threshold_and_no_script(kazan):
    page = report.render(kazan)
    assert page == report.render(kazan)
    assert "<script" not in page
    for each in kazan.checked:
        assert f'id="claim-{each.claim.id}"' in page
    for name in Thresholds.model_fields:
        assert f"<code>{name}</code>" in page


def test_foreign_text_is_escaped_on_the_page_and_harmless_on_a_terminal():
    hostile = "<img src=x onerror=alert(1)> \x1b[31m\u202eRussia"
    claim = {"id": "c1", "quote": hostile, "tests": [{"form": "untestable", "reason": "value"}]}
    checked = check_claims(parse_claims("claims: []").model_copy(update={"claims": [Claim(**claim)]}))
    assert "<img" not in report.render(checked)
    assert report.plain(hostile) == "<img src=x onerror=alert(1)>  [31m Russia"


def test_the_command_writes_page_table_and_json(tmp_path, capsys):
    file = tmp_path / "claims.yaml"
    file.write_text(one("{form: fact, state: Egypt, other: BRICS}"), encoding="utf-8")
    page, table, answer = (tmp_path / name for name in ("r.html", "r.csv", "r.json"))
    files = ["--html", str(page), "--csv", str(table), "--json", str(answer)]
    assert run(["claims", "check", str(file), *files]) == 0
    assert "SUPPORTED  A sentence." in capsys.readouterr().out
    assert "Egypt" in page.read_text(encoding="utf-8")
    assert json.loads(answer.read_text(encoding="utf-8"))["claims"][0]["verdict"] == "supported"
    assert len(table.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "tail=80"], "threshold tail"),
        (["--threshold", "love=1"], "the names are"),
        (["--html", "-"], "cannot take the page"),
    ],
)
def test_bad_options_exit_2(tmp_path, capsys, arguments, said):
    file = tmp_path / "claims.yaml"
    file.write_text(one("{form: fact, state: Egypt, other: BRICS}"), encoding="utf-8")
    assert run(["claims", "check", str(file), *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\xfe\xfa", b"claims: []"])
def test_a_file_without_claims_exits_2(tmp_path, content):
    file = tmp_path / "claims.yaml"
    file.write_bytes(content)
    assert run(["claims", "check", str(file)]) == 2
