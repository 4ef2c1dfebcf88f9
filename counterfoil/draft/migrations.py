"""The migration folders that a draft declares."""

import os
from pathlib import Path

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.detection import detect
from counterfoil.migrations.extract import trees_of


def migration_trees(folder: Path, contract_dir: Path) -> dict[str, MigrationTree]:
    """The trees at or below a folder, by their path in it, with the layouts that they have.

    Args:
        folder: one of migrations, or one that holds some.
        contract_dir: where the contract will lie, which its paths are relative to.

    Raises:
        MigrationsError: there is no such folder, or no migration in it.
    """
    if not folder.is_dir():
        raise MigrationsError(
            "no such folder", where=str(folder), remedy="Give --migrations a folder that exists"
        )
    trees = {}
    for name, tree in trees_of(folder, MigrationTree(folder="."))[0].items():
        path = folder / tree.folder
        layout = detect(path)
        if layout is None:
            raise MigrationsError(
                "no migrations, or none in a layout that is known",
                where=str(folder),
                remedy="Name the folder that holds them",
            )
        relative = Path(os.path.relpath(path, contract_dir)).as_posix()
        trees[name] = tree.model_copy(update={"folder": relative, "layout": layout})
    return trees
