"""A suite that would not assert what it says is refused, by file and key."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from refusals import GONE, changed, refused

from counterfoil.common.errors import ContractError, SuiteError
from counterfoil.contract.contract import Contact, load_contract
from counterfoil.suites.suite import Suite, check_suites, check_words, load_suites, read_pii_columns
from counterfoil.suites.validator import check_expectations

# One whose rows are the evidence, and a summary.
VIEW = yaml.safe_load((ROOT / "expectations/ledger/ledger_balances.yml").read_text())
SUMMARY = yaml.safe_load((ROOT / "expectations/integrity/uniqueness.yml").read_text())
CHECK = "ledger.balance_matches_entries"
KWARGS = "checks.1.expectation.kwargs"
WHERE = "checks.0.evidence.where"

UNREADABLE = {
    "empty": (b"", "it is empty"),
    "a list": (b"- a\n", "it is a list"),
    "a word": (b"suite\n", "it is a single value"),
    "binary": (bytes(range(256)), "not UTF-8 text"),
    "no YAML": (b"relation: [a\n", "not valid YAML"),
    "a key twice": (b"relation: a\nrelation: b\n", "faulty.yml:2: not valid YAML"),
}

# suite, key, value, what the error says
FAULTY: dict[str, tuple[dict[str, Any], str, Any, str]] = {
    "no expectations": (VIEW, "checks", [], "key 'checks'"),
    "no checks key": (VIEW, "checks", GONE, "key 'checks' is missing"),
    "no relation": (VIEW, "relation", GONE, "key 'relation' is missing"),
    "a relation with a schema": (VIEW, "relation", "public.x", "key 'relation'"),
    "an unknown key": (VIEW, "realtion", "x", "unknown key 'realtion'"),
    "an unknown key of a check": (VIEW, "checks.0.titel", "x", "unknown key 'checks.0.titel'"),
    "an unknown key of an expectation": (
        VIEW,
        "checks.0.expectation.mostly",
        0.9,
        "unknown key 'checks.0.expectation.mostly'",
    ),
    "no name of a pack": (VIEW, "pack", "Capacity!", "key 'pack'"),
    "an unknown list of the contract": (SUMMARY, "declared_by", "keys", "'keys' is no key of a"),
    "an unknown severity": (VIEW, "checks.0.severity", "fatal", "key 'checks.0.severity'"),
    "no severity": (VIEW, "checks.0.severity", GONE, "key 'checks.0.severity' is missing"),
    "no remedy": (VIEW, "checks.0.remedy", GONE, "key 'checks.0.remedy' is missing"),
    "no owner": (VIEW, "checks.0.owner", "", "key 'checks.0.owner'"),
    "a check_id without a room": (VIEW, "checks.0.check_id", "matches", "checks.0.check_id"),
    "no column": (VIEW, f"{KWARGS}.column", GONE, "kwargs.column is missing"),
    "a number for a column": (VIEW, f"{KWARGS}.column", 5, "kwargs.column is missing"),
    "mostly": (VIEW, f"{KWARGS}.mostly", 0.99, "kwargs.mostly would let rows off"),
    "row_condition": (VIEW, f"{KWARGS}.row_condition", "x>1", "kwargs.row_condition would let"),
    "a format of results": (VIEW, f"{KWARGS}.result_format", "COMPLETE", "kwargs.result_format"),
    "a severity among kwargs": (VIEW, f"{KWARGS}.severity", "info", "kwargs.severity is no part"),
    "an empty set": (VIEW, f"{KWARGS}.value_set", [], "kwargs.value_set: list plain values"),
    "a null in a set": (VIEW, f"{KWARGS}.value_set", [0, None], "none null"),
    "a mapping in a set": (VIEW, f"{KWARGS}.value_set", [{"a": 1}], "kwargs.value_set"),
    "a parameter": (VIEW, f"{KWARGS}.value_set", {"$PARAMETER": "x"}, "give a plain value, or a"),
    "no evidence": (VIEW, "evidence", GONE, f"{CHECK}: name its evidence"),
    "evidence of another view": (VIEW, "evidence.relation", "x", "evidence is its own relation"),
    "evidence without a key": (VIEW, "evidence.key", [], "key 'evidence.key'"),
    "evidence twice": (VIEW, "checks.0.evidence", VIEW["evidence"], f"{CHECK}: name its evid"),
    "an empty condition on evidence": (SUMMARY, WHERE, "", f"key '{WHERE}'"),
    "a condition of no column": (SUMMARY, WHERE, "1 = 1", f"key '{WHERE}'"),
    "a condition that is a value": (SUMMARY, WHERE, True, f"key '{WHERE}'"),
    "a condition on what fails": (VIEW, "evidence.where", "true", "evidence.where would let rows"),
    "a summary that counts nothing": (SUMMARY, "rows_checked", GONE, "a summary needs it"),
    "a message of no evidence": (
        VIEW,
        "checks.0.message",
        "{owner}",
        "'owner' is no column of",
    ),
    "a message without a name": (VIEW, "checks.0.message", "{} is off", "key 'checks.0.message'"),
    "a message by number": (VIEW, "checks.0.message", "{0} is off", "key 'checks.0.message'"),
    "a message that looks inside": (
        VIEW,
        "checks.0.message",
        "{competition_name.__class__}",
        "key 'checks.0.message'",
    ),
    "a message that converts": (
        VIEW,
        "checks.0.message",
        "{competition_name!r}",
        "key 'checks.0.message'",
    ),
    "a message with an open brace": (
        VIEW,
        "checks.0.message",
        "{competition_name",
        "key 'checks.0.message'",
    ),
    "a format of a gigabyte": (
        VIEW,
        "checks.0.message",
        "{discrepancy_tokens:999999999}",
        "wider than any message",
    ),
    "words for more than one, many and none": (
        VIEW,
        "checks.0.message",
        "{discrepancy_tokens:token|tokens|none|few}",
        "words for one, for many and for 0",
    ),
    "a format of nothing": (
        VIEW,
        "checks.0.message",
        "{discrepancy_tokens:tokens}",
        "{discrepancy_tokens:tokens}: ",
    ),
    "a format of whole numbers only": (
        VIEW,
        "checks.0.message",
        "{discrepancy_tokens:d}",
        "{discrepancy_tokens:d}: ",
    ),
}

# key, value, what the error says
UNKNOWN_TO_GREAT_EXPECTATIONS: dict[str, tuple[str, Any, str]] = {
    "an unknown expectation": (
        "checks.1.expectation.type",
        "expect_column_values_to_be_in_sett",
        "expect_column_values_to_be_in_sett: unknown expectation",
    ),
    "a class for a name": (
        "checks.1.expectation.type",
        "ExpectColumnValuesToBeInSet",
        "unknown expectation",
    ),
    "an unknown kwarg": (f"{KWARGS}.value_sett", [1], "kwargs.value_sett: extra fields"),
    "a kwarg missing": (f"{KWARGS}.value_set", GONE, "kwargs.value_set: field required"),
    "a kwarg without a value": (f"{KWARGS}.value_set", None, "kwargs.value_set: none is not"),
    "a kwarg of another type": (f"{KWARGS}.value_set", "0", "kwargs.value_set: value is not"),
    "no bounds": (
        "checks.1.expectation",
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "x"}},
        "min_value and max_value cannot both be None",
    ),
    "a text for a bound": (
        "checks.1.expectation",
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "x", "max_value": "many"},
        },
        "kwargs.max_value",
    ),
    "a pattern that matches all": (
        "checks.1.expectation",
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "x"}},
        "kwargs.regex is missing",
    ),
    "one of the whole table": (
        "checks.1.expectation",
        {
            "type": "expect_table_row_count_to_be_between",
            "kwargs": {"column": "x", "min_value": 1},
        },
        "does not judge row by row",
    ),
    "one of an aggregate": (
        "checks.1.expectation",
        {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "x", "min_value": 1}},
        "does not judge row by row",
    ),
    "one of two columns": (
        "checks.1.expectation",
        {
            "type": "expect_column_pair_values_to_be_equal",
            "kwargs": {"column": "x", "column_A": "x", "column_B": "y"},
        },
        "does not judge row by row",
    ),
}

# suite, key, value, what the error says
UNFIT: dict[str, tuple[dict[str, Any], str, Any, str]] = {
    "an unknown table": (VIEW, "sources", ["ledger"], "key sources: unknown table 'ledger'"),
    "a personal column": (
        VIEW,
        "evidence.observed",
        [*VIEW["evidence"]["observed"], "contact_email"],
        "column 'contact_email' is personal (pii)",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "expectations"
    folder.mkdir()
    return folder


def written(folder: Path, content: Any) -> tuple[Suite, ...]:
    (folder / "faulty.yml").write_text(yaml.safe_dump(content))
    return load_suites(folder)


def test_a_suite_in_the_folder_of_another_pack(folder: Path) -> None:
    (folder / "ledger").mkdir()
    (folder / "ledger" / "faulty.yml").write_text(yaml.safe_dump(VIEW | {"pack": "ledgre"}))
    with refused(SuiteError, "expectations/ledger/faulty.yml", "'ledgre' is not its folder's"):
        load_suites(folder)


@pytest.mark.parametrize(("content", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_holds_no_suite(folder: Path, content: bytes, says: str) -> None:
    (folder / "faulty.yml").write_bytes(content)
    with refused(SuiteError, "expectations/faulty.yml", says):
        load_suites(folder)


@pytest.mark.parametrize(("suite", "key", "value", "says"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_suite(
    folder: Path, suite: dict[str, Any], key: str, value: Any, says: str
) -> None:
    with refused(SuiteError, "expectations/faulty.yml", says):
        written(folder, changed(suite, key, value))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    UNKNOWN_TO_GREAT_EXPECTATIONS.values(),
    ids=UNKNOWN_TO_GREAT_EXPECTATIONS,
)
def test_an_expectation_that_would_be_dropped(
    folder: Path, key: str, value: Any, says: str
) -> None:
    suites = written(folder, changed(VIEW, key, value))
    with refused(SuiteError, "expectations/faulty.yml", f"check {CHECK}_exactly", says):
        check_expectations(suites)


@pytest.mark.parametrize(("suite", "key", "value", "says"), UNFIT.values(), ids=UNFIT)
def test_a_suite_that_does_not_fit_the_contract(
    folder: Path, suite: dict[str, Any], key: str, value: Any, says: str
) -> None:
    suites = written(folder, changed(suite, key, value))
    personal = {"ledger_balances": frozenset({"contact_email"})}
    with refused(SuiteError, "expectations/faulty.yml", says):
        check_suites(suites, load_contract(ROOT), personal)


def test_a_check_twice_in_a_file(folder: Path) -> None:
    with refused(SuiteError, "expectations/faulty.yml", f"'{CHECK}' is there twice"):
        written(folder, changed(VIEW, "checks.1.check_id", CHECK))


def test_a_check_twice_in_two_files(folder: Path) -> None:
    (folder / "other.yml").write_text(yaml.safe_dump(VIEW))
    with refused(SuiteError, "faulty.yml, ", "other.yml", f"'{CHECK}' is there twice"):
        written(folder, VIEW)


def test_a_relation_twice(folder: Path) -> None:
    other = changed(VIEW, "checks", [changed(VIEW["checks"][0], "check_id", "a.b")])
    (folder / "other.yml").write_text(yaml.safe_dump(other))
    with refused(SuiteError, "other.yml", "'ledger_balances' is there twice"):
        written(folder, VIEW)


def test_the_check_of_every_audit(folder: Path) -> None:
    with refused(SuiteError, "faulty.yml", "'audit.every_check_ran' is there twice"):
        written(folder, changed(VIEW, "checks.0.check_id", "audit.every_check_ran"))


def test_a_suite_that_would_not_be_read(folder: Path) -> None:
    (folder / "unread.yaml").write_text(yaml.safe_dump(SUMMARY))
    with refused(SuiteError, "unread.yaml", "only .yml is read"):
        written(folder, VIEW)


def test_a_folder_in_place_of_a_suite(folder: Path) -> None:
    (folder / "faulty.yml").mkdir()
    with refused(SuiteError, "faulty.yml", "cannot be read: Is a directory"):
        load_suites(folder)


def test_no_suites(folder: Path) -> None:
    with refused(SuiteError, str(folder), "no suites"):
        load_suites(folder)


def test_no_folder_of_suites(folder: Path) -> None:
    with refused(SuiteError, str(folder / "nowhere"), "no suites"):
        load_suites(folder / "nowhere")


@pytest.mark.parametrize(
    "content",
    [
        "a: [",
        "- a\n",
        "models: [{columns: []}]\n",
        "models: {a: b}\n",
        "models: [a]\n",
        "models: [{name: a, columns: [b]}]\n",
        "models: [{name: a, columns: [{meta: 5}]}]\n",
    ],
)
def test_properties_that_do_not_say_what_is_personal(tmp_path: Path, content: str) -> None:
    (tmp_path / "_models.yml").write_text(content)
    with refused(SuiteError, str(tmp_path / "_models.yml")):
        read_pii_columns(tmp_path)


@pytest.mark.parametrize("tag", ["meta: {pii: true}", "config: {meta: {pii: true}}"])
def test_personal_columns_are_found(tmp_path: Path, tag: str) -> None:
    columns = f"[{{name: b, {tag}}}, {{name: c, meta: {{pii: false}}}}, {{name: d}}]"
    (tmp_path / "_models.yml").write_text(f"models: [{{name: a, columns: {columns}}}]\n")
    assert read_pii_columns(tmp_path) == {"a": {"b"}}


def test_why_of_a_check_that_there_is_not(folder: Path) -> None:
    contract = load_contract(ROOT).model_copy(update={"why": {"ledger.gone": "It matters."}})
    with refused(ContractError, "contract of empwr, key why", "no suite has a check"):
        check_words(written(folder, VIEW), contract)


def test_a_contact_of_an_owner_that_there_is_not(folder: Path) -> None:
    nobody = {"legder": Contact(channel="#data")}
    contract = load_contract(ROOT).model_copy(update={"owners": nobody})
    with refused(ContractError, "contract of empwr, key owners", "no check has owner 'legder'"):
        check_words(written(folder, VIEW), contract)


def test_the_good_ones_are_taken(folder: Path) -> None:
    (folder / "other.yml").write_text(yaml.safe_dump(SUMMARY))
    suites = written(folder, VIEW)
    check_suites(suites, load_contract(ROOT), read_pii_columns(ROOT / "models"))
    check_expectations(suites)
    assert [suite.relation for suite in suites] == ["ledger_balances", "uniqueness"]
