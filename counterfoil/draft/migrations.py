"""The migration folders that a draft declares."""

import os
from pathlib import Path

from counterfoil.contract import MigrationTree
from counterfoil.errors import MigrationsError
from counterfoil.migrations.layouts import detect, find_folders


def migration_trees(folder: Path, contract_dir: Path) -> dict[str, MigrationTree]:
    """The trees at or below a folder, by their path in it, with the layouts that they have.

    Args:
        folder: one of migrations, or one that holds some.
        contract_dir: where the contract will lie, which its paths are relative to.

    Raises:
        MigrationsError: there is no such folder, or no migration in it.
    """
    if not folder.is_dir():
        raise MigrationsError("no such folder", where=str(folder), remedy="Mend --migrations")
    trees = {}
    for path in find_folders(folder):
        name = path.relative_to(folder).as_posix()
        trees[folder.absolute().name if name == "." else name] = MigrationTree(
            folder=Path(os.path.relpath(path, contract_dir)).as_posix(),
            layout=detect(path) or "auto",
        )
    if not trees:
        raise MigrationsError(
            "no migrations, or none in a layout that is known",
            where=str(folder),
            remedy="Name the folder that holds them",
        )
    return trees
