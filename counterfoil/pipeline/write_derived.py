"""`make derived`: what follows from the demo's contract, written beside it for a bare `dbt build`.

It asks the demo's database, which must be running: a ledger's SQL is compiled against it.
"""

import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from counterfoil.common.settings import Settings
from counterfoil.contract.derived import derive
from counterfoil.pipeline.plan import make_plan

# What of dbt_project.yml is written here: from this line on.
_MARK = "  # What follows from the contract, written by `make derived`: not for editing.\n"
# As PyYAML writes lists.
_AS_WRITTEN = "  # yamllint disable rule:indentation rule:line-length\n"


class _PlainDumper(yaml.SafeDumper):
    """What stands in two lists is written out in both."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_into(project: Path) -> None:
    written = yaml.dump(
        {"derived": derive(make_plan("demo", None, Settings()).scope.contract)},
        Dumper=_PlainDumper,
        sort_keys=False,
        default_flow_style=None,
        width=90,
    )
    declared = project.read_text(encoding="utf-8").partition(_MARK)[0]
    project.write_text(declared + _MARK + _AS_WRITTEN + indent(written, "  "), encoding="utf-8")


if __name__ == "__main__":
    _write_into(Path(sys.argv[1]))
