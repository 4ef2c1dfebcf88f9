"""The audit's folder under reports/: whole or not at all, and its links pointing at it."""

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from counterfoil.common.errors import PublishError

# What is written aside before it is renamed; a killed audit leaves it behind.
_ASIDE = (".*.partial", ".latest.*", ".index.html.*")
# Nobody writes for so long without a further file; a lock would mean little on a shared disk.
_LEFTOVER_AFTER_S = 3600


def publish_folder(
    reports: Path,
    audit_id: str,
    files: Mapping[str, str],
    folders: Mapping[str, Path] | None = None,
    *,
    latest: str | None = None,
) -> Path:
    """Writes the files aside, then renames their folder to `reports`/`audit_id`.

    What killed audits wrote aside is removed before, if it is an hour old.

    Args:
        reports: the folder of all audits.
        audit_id: the audit's name.
        files: by file name, the text of each.
        folders: by name, folders that are moved into it.
        latest: a link of its own beside `latest`, which is of whichever audit ran last.

    Returns:
        The audit's folder.

    Raises:
        PublishError: it could not be written; nothing half-written is left behind.
    """
    aside = reports / f".{audit_id}.partial"
    folder = reports / audit_id
    written = aside
    try:
        _remove_leftovers(reports)
        aside.mkdir(parents=True)
        for name, text in files.items():
            (aside / name).write_text(text, encoding="utf-8")
        for name, made in (folders or {}).items():
            shutil.move(made, aside / name)
        written = aside.rename(folder)
        for link in filter(None, ("latest", latest)):
            _point(reports / link, audit_id)
    except OSError as cause:
        shutil.rmtree(written, ignore_errors=True)
        raise PublishError(
            f"the report could not be written: {cause.strerror}",
            where=str(folder),
            remedy="Free space, or make the folder writable, then run the audit again",
        ) from None
    return folder


def _remove_leftovers(reports: Path) -> None:
    """What cannot be removed stays: it is in nobody's way."""
    for pattern in _ASIDE:
        for left in reports.glob(pattern):
            with suppress(OSError):
                if time.time() - left.lstat().st_mtime < _LEFTOVER_AFTER_S:
                    continue
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def _point(link: Path, audit_id: str) -> None:
    """Replaces the link in one step: a reader finds the old audit or the new one."""
    aside = link.with_name(f".latest.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(audit_id)
    try:
        aside.replace(link)
    except OSError:
        aside.unlink()
        raise
