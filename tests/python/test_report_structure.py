"""The report's sections for schema, migrations and server, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, opened
from conftest import Database
from playwright.sync_api import Browser
from shown import shown
from test_report import HOSTILE, LINKS, SHOWN, harmless

from counterfoil.audit.findings import Audit
from counterfoil.postgres.instant import open_transaction
from counterfoil.publish.forms import amount
from counterfoil.publish.html import render_html
from counterfoil.publish.markdown import render_markdown

BREAK = '''
    alter table public."Order ""Notes""" rename to notes;
    alter table public.orders disable row level security;
    create policy wide on public.products using (true);
    alter table public.accounts disable trigger all;
    alter table billing.ledger drop constraint ledger_merchant_id_invoice_id_fkey;
'''
TREE = {
    "tree": "backend",
    "layout": "alembic",
    "folder": "versions",
    "file_count": 1_200,
    "head_count": 2,
    "heads": "010_left, 016_right",
    "applied_count": 7,
    "pending_count": 5,
    "first_stop_at": "versions/002.py:25",
    "first_stop_reason": 'PostgreSQL says: relation "b" does not exist',
    "first_stop_for": "missing table",
    "next_stop_at": "versions/017.py:19",
    "next_stop_reason": 'PostgreSQL says: relation "c" does not exist',
    "next_stop_for": "missing table",
}
MEASURES = {
    "connections_used_percent": (93.5, 80),
    "longest_transaction_seconds": (12, 3_600),
    "slowest_statement_ms": (None, 5),
    "unencrypted_sessions": (0, None),
    "unused_index_bytes": (123_456_789, None),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def broken(market: Database) -> Audit:
    """The market with a table, three walls and two keys gone; its migrations and its server."""
    with open_transaction(market.plan.session.builder, market.settings) as transaction:
        with transaction.connection.cursor() as cursor:
            cursor.execute(BREAK)
        audit = market.audit(transaction)
    (check,) = [one for one in audit.checks if one.check_id == "schema.foreign_keys_enforced"]
    resolve = check.model_copy(update={"check_id": "migrations.references_resolve"})
    health = [
        {
            "measure": measure,
            "measured": measured,
            "allowed": allowed,
            "detail": "in words",
            "is_beyond_limit": allowed is not None and (measured is None or measured > allowed),
        }
        for measure, (measured, allowed) in MEASURES.items()
    ]
    more = {"migrations": [TREE], "health": health}
    checks = [*audit.checks, resolve]
    return audit.model_copy(update={"sections": audit.sections | more, "checks": checks})


@pytest.fixture(scope="module")
def large(broken: Audit) -> Audit:
    """As after 1,000 tables, of 200 modules, whose names do harm."""
    name = HOSTILE
    tiers = ("critical", "important", "supporting")
    counts = {f"{tier}_{what}_count": 4 for tier in tiers for what in ("present", "unmatched")}
    counts |= {f"{tier}_expected_count": 5 for tier in tiers}
    module = {"module": name, "module_count": 1, "missing_count": 1_000, **counts}
    module["missing_table_names"] = [name] * 10
    wall = {"table_name": name, "policy_count": 0, "is_held": False, "state": name}
    sections = {
        "coverage": [module | {"module": None, "module_count": 300}, *[module] * 199],
        "wall_counts": [{"table_count": 1_000, "held_count": 0}],
        "walls": [wall] * 200,
        "migrations": [TREE | dict.fromkeys(TEXTS, name)] * 200,
    }
    return broken.model_copy(update={"sections": broken.sections | sections})


TEXTS = ("tree", "heads", "first_stop_at", "first_stop_reason", "next_stop_at", "next_stop_reason")
PAGES = ["broken", "large"]


@pytest.fixture(scope="module")
def pages(broken: Audit, large: Audit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    files = {name: folder / f"{name}.html" for name in PAGES}
    for file, audit in zip(files.values(), (broken, large), strict=True):
        file.write_text(render_html(shown(audit), links=LINKS), encoding="utf-8")
    return files


GOLDEN = {
    "coverage": [
        "✓ pass Critical: 7 of 7 there",
        "▲ warning Important: 13 of 14 there",
        "✓ pass Supporting: 1 of 1 there",
        'selling 3 of 3 ✕ 11 of 12 – Order "Notes"',
        "no module – – 1 of 1 none",
    ],
    "walls": [
        "tables that row security must wall in have it, with policies.",
        "✕ fail What the policies ask of a row was read.",
        "✕ fail What the application's roles see of others' rows was tried.",
        "orders ✕ not on 1 has policies, and its row security is off",
        "products ✓ on 2 nothing",
    ],
    "foreign-keys": [
        "keys that are there hold.",
        "✕ fail 6 of 7 keys that must be there are, as declared.",
        "billing.ledger invoice_id, merchant_id billing.invoices is missing",
        "has a disabled trigger",
    ],
    "migrations": [
        "backend alembic 1,200 7 5 ✕ 2 heads: 010_left, 016_right",
        "✕ fail The next run of backend would stop at versions/017.py:19: PostgreSQL says:",
        "✕ fail On an empty database backend would stop at versions/002.py:25: PostgreSQL says:",
    ],
    "server": [
        "Connections used ✕ fail 93.5 % 80.0 % in words",
        "Longest open transaction ✓ pass 12 s 3,600 s",
        "Slowest statement ? unknown – 5.0 ms",
        "Sessions without TLS no limit 0 –",
        "Indexes without use no limit 123 MB –",
        "cannot be seen from inside the database.",
    ],
}


@pytest.mark.parametrize("section", GOLDEN)
def test_it_says(pages: dict[str, Path], browser: Browser, section: str) -> None:
    with opened(browser, pages["broken"]) as seen:
        said = " ".join(seen.page.inner_text(f"#{section}").split())
    assert [phrase for phrase in GOLDEN[section] if phrase not in said] == [], said


def test_markdown_says_the_same(broken: Audit) -> None:
    said = render_markdown(shown(broken))
    for phrase in [
        "- 🟠 Important: 13 of 14 there.\n",
        '| selling | 3 of 3 | 🔴 11 of 12 | – | Order "Notes" |\n',
        "tables that row security must wall in have it, with policies.\n",
        "| orders | 🔴 not on | 1 | has policies, and its row security is off |\n",
        r"| billing.ledger | invoice\_id, merchant\_id | billing.invoices | is missing |",
        "| backend | alembic | 1,200 | 7 | 5 | 🔴 2 heads: 010\\_left, 016\\_right |\n\n",
        "- 🔴 The next run of backend",
        "| Connections used | 🔴 fail | 93.5 % | 80.0 % | in words |\n",
    ]:
        assert phrase in said
    assert "\n\n\n" not in said[said.index("## Health score") : said.index("## Checks")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(
    pages: dict[str, Path], browser: Browser, name: str, scheme: str
) -> None:
    with opened(browser, pages[name], scheme=scheme) as seen:
        assert seen.faults() == []
        assert (seen.console, seen.requests, seen.dialogs) == ([], [], [])


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_the_screen(
    pages: dict[str, Path], browser: Browser, name: str, width: int
) -> None:
    with opened(browser, pages[name], width=width) as seen:
        assert seen.evaluate("document.documentElement.scrollWidth") <= width


def test_a_thousand_tables_stay_small_and_their_names_are_text(
    pages: dict[str, Path], large: Audit, browser: Browser
) -> None:
    assert pages["large"].stat().st_size < 1_000_000
    with opened(browser, pages["large"]) as seen:
        assert seen.page.locator("#walls tbody tr").count() == 50
        assert "… and 950 more: select * from counterfoil.tenant_walls" in seen.text
        assert "… and 250 more: select * from counterfoil.schema_coverage" in seen.text
        assert SHOWN in seen.page.inner_text("#coverage")
        assert SHOWN in seen.page.inner_text("#migrations")
        assert seen.page.locator("script, img, iframe").count() == 0
        assert harmless(seen.page.content())
    assert harmless(render_markdown(shown(large)))


def test_what_matches_nothing_is_told_beside_the_tables(large: Audit) -> None:
    said = render_markdown(shown(large))
    assert "Critical: 4 of 5 there, and 4 patterns match nothing.\n" in said


def test_without_the_packs_there_is_no_section(broken: Audit) -> None:
    of_schema = ("schema.", "migrations.", "health.")
    audit = broken.model_copy(
        update={
            "sections": {},
            "checks": [one for one in broken.checks if not one.check_id.startswith(of_schema)],
        }
    )
    page = render_html(shown(audit), links=LINKS)
    assert shown(audit).facts == ()
    for section in GOLDEN:
        assert f'id="{section}"' not in page


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0, "bytes", "0 B"),
        (999, "bytes", "999 B"),
        (1_500, "bytes", "1.5 kB"),
        (3e15, "bytes", "3,000 TB"),
        (None, "%", "–"),
        (93.46, "%", "93.5 %"),
        (1_000, "", "1,000"),
    ],
)
def test_an_amount_has_its_unit(value: float | None, unit: str, said: str) -> None:
    assert amount(value, unit) == said
