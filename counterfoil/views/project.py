"""dbt's project: ours, and in it the user's own models where the contract has packs of theirs."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from counterfoil.common.errors import BuildError
from counterfoil.common.settings import Settings
from counterfoil.contract.packs import packs_of

_PROJECT_FILE = "dbt_project.yml"
_FOLDERS = ("models", "macros")
_ALL_FOLDERS = (*_FOLDERS, "tests")
# As dbt_project.yml calls the second of its folders of models.
_OWN = "own"


def check_own_models(settings: Settings) -> None:
    """That no model of the user's is called like one of ours: dbt takes it where ours is off.

    Raises:
        BuildError: one is; names the file.
    """
    ours, *own = settings.models_dirs
    names = {file.stem for file in ours.rglob("*.sql")}
    for folder in own:
        for file in sorted(folder.rglob("*.sql")):
            if file.stem in names:
                raise BuildError(
                    f"model '{file.stem}' is one of Counterfoil's",
                    where=str(file),
                    remedy="Rename that file, and the relation of its suite",
                )


@contextmanager
def dbt_project(packs: Collection[str], settings: Settings) -> Iterator[Path]:
    """The folder of the project that dbt is to read, until the end of the block.

    dbt writes what it compiled to where the model lay, relative to the project: so the user's
    models have to lie inside of it.

    Args:
        packs: the contract's.
        settings: say where the user's folder is.
    """
    product = settings.product_dir
    own = _own_models(packs, settings)
    if own is None:
        yield product
        return
    with TemporaryDirectory(prefix="counterfoil-") as folder:
        project = Path(folder)
        for name in (_PROJECT_FILE, *_ALL_FOLDERS):
            (project / name).symlink_to(product / name)
        (project / _OWN).symlink_to(own)
        yield project


def project_hash(variables: Mapping[str, Any], settings: Settings, server_version: int) -> str:
    """What the views are made from, as a hash.

    Args:
        variables: dbt's own, the contract among them.
        settings: say where the models are.
        server_version: of the database.
    """
    digest = hashlib.sha256()
    digest.update(json.dumps(variables).encode())
    digest.update(f"{server_version} {version('dbt-core')} {version('dbt-postgres')}".encode())
    product = settings.product_dir
    own = _own_models(variables["contract"]["packs"], settings)
    for path in [
        product / _PROJECT_FILE,
        *(file for name in _FOLDERS for file in _files(product / name)),
        *(_files(own) if own else ()),
    ]:
        base = product if path.is_relative_to(product) else settings.project_dir
        digest.update(str(path.relative_to(base)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _own_models(packs: Collection[str], settings: Settings) -> Path | None:
    """The folder of the user's models; None where no pack of the contract is theirs."""
    _, *own_packs = map(packs_of, settings.expectations_dirs)
    _, *own = settings.models_dirs
    theirs = {pack for found in own_packs for pack in found}
    return own[0] if own and theirs.intersection(packs) else None


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
