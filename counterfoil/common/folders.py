"""Where things lie: what Counterfoil brings with it, and the folder of whoever uses it."""

import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_DBT_PROJECT = "dbt_project.yml"
_NAME_OF_OURS = re.compile(r"^name: counterfoil$", re.MULTILINE)

# Of a user's folder: the contract of its database.
CONTRACT_FILE = "contract.yml"

# Our dbt project, models, macros, suites and demo: inside the package of a wheel, beside it in a
# checkout (pyproject.toml, package-dir).
_IN_A_WHEEL = _PACKAGE / "product"
PRODUCT = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else _PACKAGE.parent


def is_checkout(folder: Path) -> bool:
    """Whether our dbt project is there itself, and not somebody else's, or none."""
    project = folder / _DBT_PROJECT
    return project.is_file() and bool(_NAME_OF_OURS.search(project.read_text("utf-8", "replace")))


def product_of(project_dir: Path) -> Path:
    """The folder of our dbt project and suites, for who works in `project_dir`."""
    return project_dir if is_checkout(project_dir) else PRODUCT


def here() -> Path:
    """The folder that is worked in: this one; from elsewhere, the checkout that is installed."""
    folder = Path.cwd()
    is_one = (folder / CONTRACT_FILE).is_file() or is_checkout(folder)
    return folder if is_one or PRODUCT == _IN_A_WHEEL else PRODUCT


def ours_and_own(project_dir: Path, name: str) -> tuple[Path, ...]:
    """The folders of that name: ours, and the user's own if there is one.

    Args:
        project_dir: the user's folder.
        name: `models` or `expectations`.
    """
    ours, own = product_of(project_dir) / name, project_dir / name
    return (ours, own) if own != ours and own.is_dir() else (ours,)
