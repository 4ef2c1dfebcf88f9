"""What the product says and shows, kept in tests/guard: a change of it is seen before it lands.

COUNTERFOIL_WRITE_GUARD=1 writes the files anew; the difference belongs in the same commit as
what made it, and in the changelog where a user meets it.
"""

import hashlib
import inspect
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from built import ensure_built
from conftest import ROOT, Database
from processes import counterfoil
from psycopg2.extras import RealDictCursor

from counterfoil import demo
from counterfoil.common.settings import Settings
from counterfoil.pipeline.plan import make_plan

GUARD = ROOT / "tests" / "guard"

# What differs from run to run: names, times, durations.
PASSING = {"audit_id", "started_at", "finished_at", "seconds", "recorded_at", "incident_id"}
PASSING |= {"audit_number", "duration_s", "applied_at", "psql"}

COMMANDS = (
    *("", "init", "doctor", "run", "checks", "cases", "grants", "migrations"),
    *("contract", "contract draft", "ledger", "ledger check", "ledger show", "repair"),
    *("repair plan", "repair verify", "alerts", "alerts test", "alerts watch", "views"),
    *("views drop", "demo", "demo start", "demo load", "demo stop"),
)

PUBLIC_COLUMNS = """
    select
        relation.relname as view,
        string_agg(
            attribute.attname || ' ' || format_type(attribute.atttypid, attribute.atttypmod),
            ', ' order by attribute.attnum
        ) as columns
    from pg_class as relation
    join pg_attribute as attribute on attribute.attrelid = relation.oid and attribute.attnum > 0
    where relation.relnamespace = 'counterfoil'::regnamespace and relation.relkind = 'v'
    group by 1 order by 1
"""


def held(name: str, found: Any) -> None:
    """That what was found is what the file of that name says."""
    file = GUARD / name
    text = found if isinstance(found, str) else json.dumps(found, indent=1, ensure_ascii=False)
    if os.environ.get("COUNTERFOIL_WRITE_GUARD"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.rstrip() + "\n", encoding="utf-8")
    kept = file.read_text(encoding="utf-8").rstrip()
    if isinstance(found, str):
        assert text.rstrip() == kept
    else:
        # Whatever the order of an object's keys.
        assert json.loads(text) == json.loads(kept)


def settled(value: Any) -> Any:
    """The value without what differs from run to run, and from checkout to checkout."""
    if isinstance(value, dict):
        return {
            key: "-" if key in PASSING and item is not None else settled(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [settled(item) for item in value]
    return value.replace(f"{ROOT}/", "") if isinstance(value, str) else value


@pytest.fixture(scope="module")
def served(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo server of its own, which the targets of profiles.yml reach.

    The session's is there before it, so that they reach that one again afterwards.
    """
    folder = tmp_path_factory.mktemp("guard")
    demo.start(folder, "overnight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERFOIL_DEMO_HOST", str(demo.socket_dir(folder)))
        yield folder
    demo.stop(folder)


def audit(folder: Path) -> dict[str, Any]:
    """The audit.json of one run of the command line, as an operator would run it."""
    file = folder / "audit.json"
    file.unlink(missing_ok=True)
    ensure_built(make_plan("demo", None, Settings()))
    said = counterfoil(
        *("run", "--target", "demo", "--fail-on", "never", "--json", file), folder=folder
    )
    assert said.returncode == 0, said.stderr
    return settled(json.loads(file.read_text(encoding="utf-8")))


def test_three_audits_and_their_history(served: Path) -> None:
    """Overnight, then the afternoon, then the balance is corrected by hand."""
    url = demo.load(served, "overnight")
    held("audits/overnight.json", audit(served))
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute((ROOT / "demo" / "empwr" / "afternoon.sql").read_text(encoding="utf-8"))
        cursor.execute("alter database empwr set counterfoil.as_of = '2025-10-30T16:00:00Z'")
        held("audits/afternoon.json", audit(served))
        cursor.execute(
            "update competitions set available_reservation_tokens = 588"
            " where name = 'EMPWR Dance - London'"
        )
        cursor.execute("alter database empwr set counterfoil.as_of = '2025-10-31T05:00:00Z'")
        audit(served)
        held("columns/empwr.txt", public_columns(connection))
        held("history.json", dump_of_history(connection))


def public_columns(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(PUBLIC_COLUMNS)
        return "\n".join(f"{view}: {columns}" for view, columns in cursor)


def dump_of_history(connection: Any) -> dict[str, Any]:
    """Every row of every table, in an order that a rerun keeps."""
    dump = {}
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(
            "select tablename from pg_tables where schemaname = 'counterfoil_history'"
            # Digests of what the files under columns/ have already.
            " and tablename <> 'built_views' order by 1"
        )
        for table in [row["tablename"] for row in cursor]:
            cursor.execute(f"select to_jsonb(t) as row from counterfoil_history.{table} as t")
            rows = [settled(row["row"]) for row in cursor]
            dump[table] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return dump


def test_the_command_line(tmp_path: Path) -> None:
    helps = []
    for command in COMMANDS:
        said = counterfoil(
            *(*command.split(), "--help"),
            folder=tmp_path,
            environment=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"},
        )
        assert said.returncode == 0
        helps.append(f"$ counterfoil {command}".rstrip() + " --help\n" + said.stdout)
    text = "\n".join(line.rstrip() for line in "".join(helps).splitlines())
    held("command_line.txt", text)


def test_the_settings() -> None:
    properties = Settings.model_json_schema(mode="serialization")["properties"]
    held("settings.json", {f"COUNTERFOIL_{name.upper()}": of for name, of in properties.items()})


def test_the_deployments_and_their_parameters() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    found = {}
    for deployment in deployments:
        module, _, name = deployment["entrypoint"].rpartition(".")
        flow = getattr(import_module(module), name)
        parameters = inspect.signature(flow.fn).parameters.values()
        found[deployment["name"]] = {
            "entrypoint": deployment["entrypoint"],
            "schedules": deployment["schedules"],
            "parameters": {
                each.name: re.sub(r"\w+\.", "", f"{each.annotation} = {each.default}")
                for each in parameters
            },
        }
    held("deployments.json", found)


def test_the_schemas() -> None:
    held(
        "schemas.json",
        {
            name: hashlib.sha256((ROOT / "docs" / name).read_bytes()).hexdigest()
            for name in ("audit.schema.json", "contract.schema.json")
        },
    )
