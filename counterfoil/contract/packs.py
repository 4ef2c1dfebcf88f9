"""The packs: the families of checks that a contract may ask for, a folder of expectations/ each."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from counterfoil.common.errors import ContractError

Pack = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]


def packs_of(expectations_dir: Path) -> list[Pack]:
    """The packs that a folder of suites has: one in each folder of it."""
    return sorted(folder.name for folder in expectations_dir.glob("*") if folder.is_dir())


def check_packs(packs: Iterable[Pack], expectations_dirs: Sequence[Path], *, where: str) -> None:
    """That each of a contract's packs is a folder of suites.

    Args:
        packs: what the contract asks for.
        expectations_dirs: the folders of them all.
        where: the contract's file.

    Raises:
        ContractError: one is not: nothing would be asserted of it.
    """
    known = [pack for folder in expectations_dirs for pack in packs_of(folder)]
    for pack in packs:
        if known and pack not in known:
            raise ContractError(
                f"key 'packs': unknown pack '{pack}'",
                where=where,
                remedy=f"Use one or more of: {', '.join(known)}",
            )
