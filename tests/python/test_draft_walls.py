"""A draft on Supabase sees what splinter's lints of security see, planted after it.

The lints are those of https://github.com/supabase/splinter, by the names of their files.
"""

from pathlib import Path

import pytest
import yaml
from applications import DATABASES, execute, kept, night
from conftest import ROOT, Database
from test_draft import keys_of

from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.migrations.platforms import platform_of
from counterfoil.postgres.session import Session

ENABLED = "schema.row_security_enabled"
POLICIES = "schema.policies_name_the_tenant"
VIEWS = "schema.views_respect_row_security"
PRIVILEGES = "schema.privileges_as_expected"

# By lint: what is planted, the check that tells, and of what.
MAPPED = {
    "auth_users_exposed": (
        "create view people as select id, email from auth.users",
        VIEWS,
        {"view_name": "people"},
    ),
    "policy_exists_rls_disabled": (
        "alter table team_members disable row level security",
        "schema.row_security_has_policies",
        {"table_name": "team_members"},
    ),
    "rls_enabled_no_policy": (
        "drop policy own on profiles",
        "schema.row_security_has_policies",
        {"table_name": "profiles"},
    ),
    "security_definer_view": (
        "create view all_teams as select title from teams",
        VIEWS,
        {"view_name": "all_teams"},
    ),
    "function_search_path_mutable": (
        "create function page_count() returns bigint security definer language sql"
        " as 'select count(*) from public.pages'",
        "schema.definer_functions_pin_search_path",
        {"function_name": "page_count()"},
    ),
    "rls_disabled_in_public": (
        "create table invoices (id uuid primary key)",
        ENABLED,
        {"table_name": "invoices"},
    ),
    "rls_references_user_metadata": (
        "create policy claimed on teams"
        " using (id = ((auth.jwt() -> 'user_metadata') ->> 'team')::uuid)",
        POLICIES,
        {"table_name": "teams", "policy_name": "claimed"},
    ),
    "materialized_view_in_api": (
        "create materialized view numbers as select count(*) from private.settings",
        VIEWS,
        {"view_name": "numbers"},
    ),
    "foreign_table_in_api": (
        "create foreign table rates (id bigint) server elsewhere",
        ENABLED,
        {"table_name": "rates"},
    ),
    "sensitive_columns_exposed": (
        "create table patients (id uuid primary key, social_security_number text)",
        ENABLED,
        {"table_name": "patients"},
    ),
    "rls_policy_always_true": (
        "create policy anybody on countries for insert with check (true)",
        POLICIES,
        {"table_name": "countries", "policy_name": "anybody"},
    ),
    "pg_graphql_anon_table_exposed": (
        "grant select on plans to anon",
        PRIVILEGES,
        {"table_name": "plans", "role_name": "anon"},
    ),
    "pg_graphql_authenticated_table_exposed": (
        "grant select on plans to authenticated",
        PRIVILEGES,
        {"table_name": "plans", "role_name": "authenticated"},
    ),
    "rls_policy_null_auth_disjunct": (
        "create policy unset on teams using (auth.uid() is null or is_member(id))",
        POLICIES,
        {"table_name": "teams", "policy_name": "unset"},
    ),
}
# What else is done, and none of splinter's lints by itself.
FURTHER = {
    "row security off, and its policies gone": (
        "alter table documents disable row level security; drop policy own on documents",
        ENABLED,
        {"table_name": "documents"},
    ),
    "an open policy of a table that another leads to its owner": (
        "create policy anyone on pages using (true)",
        POLICIES,
        {"table_name": "pages", "policy_name": "anyone"},
    ),
    "a foreign key to what the platform keeps": (
        "alter table profiles drop constraint profiles_id_fkey",
        "schema.foreign_keys_as_declared",
        {"table_name": "profiles", "column_names": "id"},
    ),
    "a policy gone, beside one that stays": (
        "drop policy read on notes",
        "schema.policies_as_declared",
        {"table_name": "notes", "policy_name": "read"},
    ),
    "the first table of a schema that is exposed now": (
        "create schema api; grant usage on schema api to anon;"
        " create table api.things (id uuid primary key)",
        ENABLED,
        {"table_name": "api.things"},
    ),
}


def test_what_splinter_finds_is_told_by_a_draft_taken_before(
    overnight: Database, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    own = (DATABASES / "drafts" / "teams.sql").read_text(encoding="utf-8")
    schema = ";\n".join([*platform_of("supabase"), own])
    with kept(server, "teams", schema, "", tmp_path) as target:
        text = draft(survey(Session.alone(target, Settings())))
        (tmp_path / "contract.yml").write_text(text, encoding="utf-8")
        first = keys_of(night(target, "first"))
        planted = MAPPED | FURTHER
        execute(target, "; ".join(done for done, _, _ in planted.values()))
        second = keys_of(night(target, "second"))
    contract = Contract.model_validate(yaml.safe_load(text))
    assert contract.tenant is None
    assert contract.schemas == ("public", "private")
    assert contract.structure is not None
    walls = contract.structure.row_security
    assert walls is not None
    assert walls.visitors == ("anon", "authenticated")
    assert {"auth", "storage"} <= {*walls.provided_schemas}
    assert walls.owner_columns == ("id", "user_id")
    assert walls.shared == ("countries",)
    assert first == {}, text
    missed = {
        name: second.get(check)
        for name, (_, check, key) in planted.items()
        if frozenset(key.items()) not in second.get(check, set())
    }
    assert not missed
    expected = {(check, frozenset(key.items())) for _, check, key in planted.values()}
    judged = {ENABLED, POLICIES, VIEWS, "schema.row_security_has_policies"}
    found = {(check, key) for check in judged for key in second[check]}
    assert found <= expected, "nothing else is told of the walls"


def test_the_page_says_of_each_lint_what_tells_it() -> None:
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    for lint, (_, check, _) in MAPPED.items():
        assert f"| `{lint}` | `{check}` |" in page, lint
