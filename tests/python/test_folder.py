"""A folder of the user's own: how it is made, and what in it is refused."""

from pathlib import Path

import pytest
from commands import counterfoil
from conftest import ROOT, Database
from refusals import assert_one_line, refused

from counterfoil.common.errors import BuildError, ContractError, SuiteError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.pipeline.cases import try_cases
from counterfoil.suites.suite import load_suites
from counterfoil.views.project import check_own_models, dbt_project

SUITE = """
relation: {relation}
pack: {pack}
evidence: {{relation: {relation}, key: [id]}}
checks:
  - check_id: {check}
    title: Points are not negative
    why: Nobody owes points.
    remedy: Correct them.
    owner: loyalty
    severity: warning
    category: Loyalty
    expectation:
      type: expect_column_values_to_be_in_set
      kwargs: {{column: is_negative, value_set: [false]}}
    message: '{{id}} is negative'
"""
GOOD = {"relation": "points", "pack": "loyalty", "check": "loyalty.points_not_negative"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    contract = "{database: shop, schema: public, packs: [health]}"
    (tmp_path / "contract.yml").write_text(contract)
    return tmp_path


def suite(folder: Path, at: str = "loyalty/points.yml", **changed: str) -> Settings:
    file = folder / "expectations" / at
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SUITE.format(**GOOD | changed))
    return Settings(project_dir=folder)


def test_a_pack_of_ones_own_is_found(folder: Path) -> None:
    settings = suite(folder)
    assert "loyalty" in {suite.pack for suite in load_suites(*settings.expectations_dirs)}
    assert load_contract(folder).packs == ("health", "loyalty")


@pytest.mark.parametrize(
    ("at", "changed", "says"),
    [
        ("tenancy/points.yml", {"pack": "tenancy"}, "pack 'tenancy' is one of Counterfoil's"),
        ("loyalty/points.yml", {"check": "points.not_negative"}, "is not named for its pack"),
        ("loyalty/points.yml", {"relation": "uniqueness"}, "'uniqueness' is there twice"),
        ("points.yml", {}, "it lies in no folder of its pack"),
    ],
)
def test_a_suite_that_takes_our_names(
    folder: Path, at: str, changed: dict[str, str], says: str
) -> None:
    settings = suite(folder, at, **changed)
    with refused(SuiteError, Path(at).name, says):
        load_suites(*settings.expectations_dirs)


def test_a_model_that_takes_our_name(folder: Path) -> None:
    settings = suite(folder)
    (folder / "models" / "loyalty").mkdir(parents=True)
    (folder / "models" / "loyalty" / "uniqueness.sql").write_text("select 1 as id")
    with refused(
        BuildError, "loyalty/uniqueness.sql", "model 'uniqueness' is one of Counterfoil's"
    ):
        check_own_models(settings)


def test_models_of_ones_own_are_of_the_project_where_their_pack_is(folder: Path) -> None:
    settings = suite(folder)
    (folder / "models").mkdir()
    with dbt_project(["loyalty"], settings) as project:
        assert (project / "own").resolve() == folder / "models"
        assert (project / "models").resolve() == ROOT / "models"
    with dbt_project(["migrations"], settings) as project:
        assert project == ROOT


def test_somebody_elses_dbt_project_is_not_ours(folder: Path) -> None:
    (folder / "dbt_project.yml").write_text("name: jaffle_shop\nvars: {contract: 1}\n")
    assert Settings(project_dir=folder).product_dir == ROOT
    (folder / "contract.yml").unlink()
    with refused(ContractError, "vars.contract: it is a single value"):
        load_contract(folder)


@pytest.mark.parametrize("taken", ["folder", "file"])
def test_init_overwrites_nothing(tmp_path: Path, overnight: Database, taken: str) -> None:
    made = tmp_path / "made"
    if taken == "folder":
        made.mkdir()
        (made / "mine").touch()
    else:
        made.touch()
    said = counterfoil("init", made, "--url", overnight.url)
    assert said.returncode == 3
    assert f"error: {made}: it is not empty. Name a folder" in said.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:s3cret@127.0.0.1:9/app", "cannot connect: Connection refused"),
        ("postgresql://me:s3cret@[/app", "not a URL of a database"),
        ("postgresql://me:s3cret@h/app?options=-crole%3Da", "'options' is not known here"),
        ("postgresql://me:s3cret@h/app?search_path=a", "not a URL of a database"),
    ],
)
def test_init_by_a_url_that_leads_nowhere(tmp_path: Path, url: str, says: str) -> None:
    said = counterfoil("init", tmp_path / "made", "--url", url)
    assert said.returncode == 3
    assert_one_line(said.stderr.removesuffix("\n"))
    assert says in said.stderr
    assert "s3cret" not in said.stderr
    assert not (tmp_path / "made").exists()


def test_init_without_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    said = counterfoil("init", tmp_path / "made")
    assert "error: --url: no database is named. Give its URL, or set DATABASE_URL." in said.stderr


def test_init_as_a_role_that_sees_nothing(tmp_path: Path, overnight: Database) -> None:
    import psycopg2

    connection = psycopg2.connect(overnight.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("create role nobody_here login")
        try:
            url = overnight.url.replace("postgres:@", "nobody_here@")
            said = counterfoil("init", tmp_path / "made", "--url", url)
        finally:
            cursor.execute("drop role nobody_here")
            connection.close()
    assert said.returncode == 3
    assert "none of the 7 tables can be read" in said.stderr
    assert "Grant the role USAGE" in said.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there are no cases"),
        ("", "there are no cases"),
        ("plain: {break: select}", "case plain: key 'expect' is missing"),
        ("plain: {break: select, expect: [a]}", "case plain: key 'expect'"),
        ("plain: {break: select, expect: {}, fix: x}", "case plain: unknown key 'fix'"),
    ],
)
def test_cases_that_are_none(
    text: str | None, says: str, folder: Path, overnight: Database
) -> None:
    plan, cases = overnight.plan, folder / "cases"
    if text is not None:
        cases.mkdir()
        (cases / "loyalty.points_not_negative.yml").write_text(text)
    with refused(SuiteError, "cases", says):
        next(try_cases(plan, cases, plan.session.builder, overnight.settings))
