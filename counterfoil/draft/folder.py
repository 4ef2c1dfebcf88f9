"""`counterfoil init`: a folder of the user's own, all that audits of one database need."""

import json
from pathlib import Path

from counterfoil.common.errors import ContractError
from counterfoil.common.folders import CONTRACT_FILE, PRODUCT
from counterfoil.common.templates import text_template
from counterfoil.postgres.profiles import LIBPQ_VARIABLES, Target

# What the target is called: prefect.yaml has a deployment of that name.
NAME = "production"

# By what an output's name adds to the target's: who connects with it, in words of grants.
_ROLES = {"": "builder", "_audit": "auditor", "_history": "history"}
_TEMPLATES = {
    "profiles.yml": "profiles.yml.j2",
    "alerts.yml": "alerts.yml.j2",
    "README.md": "README.md.j2",
    ".github/workflows/counterfoil.yml": "workflow.yml.j2",
}
_WAIVERS = "database,check_id,key,owner,reason,expires_on,bound\n"
_IGNORED = ".counterfoil/\n.user.yml\nlogs/\nreports/\ntarget/\n"
# In prefect.yaml: from here on it is of the demo.
_OF_THE_DEMO = "\n  # The demo is of the checkout alone"
_PLACE = ("host", "port", "dbname", "sslmode", "sslcert", "sslkey", "sslrootcert")


def check_is_free(folder: Path) -> None:
    """That a folder can be made there, or is empty.

    Raises:
        ContractError: something is there that might be lost.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ContractError(
            "it is not empty",
            where=str(folder),
            remedy="Name a folder that is not there yet, inside of your project for example",
        )


def write_folder(folder: Path, contract: str, target: Target) -> None:
    """Writes the folder's files.

    Args:
        folder: empty, or not there yet.
        contract: the text of its contract.
        target: where its database is; its user and password are not kept.

    Raises:
        ContractError: a file cannot be written.
    """
    files = _files(contract, target)
    try:
        for name in ("models", "expectations"):
            (folder / name).mkdir(parents=True)
            files[f"{name}/.gitkeep"] = ""
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as cause:
        raise ContractError(
            f"cannot be written: {cause.strerror}",
            where=str(cause.filename or folder),
            remedy="Name a folder that you can write to",
        ) from None


def _files(contract: str, target: Target) -> dict[str, str]:
    given = {
        "name": NAME,
        "database": target.dbname,
        "roles": _ROLES,
        "place": {
            key: value
            for key in (*_PLACE, *LIBPQ_VARIABLES)
            if (value := getattr(target, key)) not in (None, "")
        },
    }
    written = {
        name: text_template("counterfoil.draft", template, json=json.dumps).render(given)
        for name, template in _TEMPLATES.items()
    }
    deployments = (PRODUCT / "prefect.yaml").read_text(encoding="utf-8")
    return written | {
        CONTRACT_FILE: contract,
        "prefect.yaml": deployments.partition(_OF_THE_DEMO)[0],
        "waivers.csv": _WAIVERS,
        ".gitignore": _IGNORED,
    }
