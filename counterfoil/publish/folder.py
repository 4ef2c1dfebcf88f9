"""The audit's folder under reports/: whole or not at all, and `latest` pointing at it."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from counterfoil.errors import PublishError


def publish_folder(
    reports: Path, audit_id: str, files: Mapping[str, str], folders: Mapping[str, Path]
) -> Path:
    """Writes the files aside, then renames their folder to `reports`/`audit_id`.

    Args:
        reports: the folder of all audits.
        audit_id: the audit's name.
        files: by file name, the text of each.
        folders: by name, folders that are moved into it.

    Returns:
        The audit's folder.

    Raises:
        PublishError: it could not be written; nothing half-written is left behind.
    """
    aside = reports / f".{audit_id}.partial"
    folder = reports / audit_id
    written = aside
    try:
        aside.mkdir(parents=True)
        for name, text in files.items():
            (aside / name).write_text(text, encoding="utf-8")
        for name, made in folders.items():
            shutil.move(made, aside / name)
        written = aside.rename(folder)
        _point_latest(reports, audit_id)
    except OSError as cause:
        shutil.rmtree(written, ignore_errors=True)
        raise PublishError(
            f"the report could not be written: {cause.strerror}",
            where=str(folder),
            remedy="Free space or mend the permissions, then run the audit again",
        ) from None
    return folder


def _point_latest(reports: Path, audit_id: str) -> None:
    """Replaces the link in one step: a reader finds the old audit or the new one."""
    link = reports / f".latest.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(audit_id)
    try:
        link.replace(reports / "latest")
    except OSError:
        link.unlink()
        raise
