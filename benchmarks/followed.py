"""What it costs to follow 100,000 findings of one check: `make bench-followed`.

Audits a demo of its own (time, and peak memory of the largest Python process): as it is, on the
night on which 100,000 of its dancers lack their date of birth, and on the next, on which nothing
has changed.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing

import psycopg2

from counterfoil.postgres.profiles import DEMO_HOST_VARIABLE

FINDINGS = 100_000
PROGRAM = [sys.executable, "-m", "counterfoil"]

BREAK = f"""
    insert into dancers (id, tenant_id, studio_id, first_name, last_name)
    select gen_random_uuid(), tenant_id, studio_id, 'Dancer', n::text
    from (select tenant_id, studio_id from dancers limit 1) as one,
        generate_series(1, {FINDINGS}) as n
"""


def main() -> None:
    """Prints a line per night."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - Postgres runs as another user if we are root
        os.environ["COUNTERFOIL_REPORTS_DIR"] = f"{folder}/reports"
        os.environ[DEMO_HOST_VARIABLE] = f"{folder}/postgres"
        data_dir = ["--data-dir", folder]
        started = subprocess.run(
            [*PROGRAM, "demo", "start", *data_dir], check=True, capture_output=True, text=True
        )
        try:
            night("the first, without them")
            night("as it is")
            url = started.stdout.split()[-1]
            with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
                cursor.execute(BREAK)
                connection.commit()
            night(f"{FINDINGS:,} new findings")
            night("unchanged")
            night("unchanged")
        finally:
            subprocess.run([*PROGRAM, "demo", "stop", *data_dir], check=True, capture_output=True)


def night(says: str) -> None:
    """One audit: its time and the peak memory of its largest process."""
    begun = time.perf_counter()
    audit = subprocess.Popen(
        [*PROGRAM, "run", "--fail-on", "never"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(audit.pid, 0)
    audit.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    print(
        f"{says}: {seconds:.1f} s, processor {used.ru_utime + used.ru_stime:.1f} s,"
        f" {used.ru_maxrss / 1024:.0f} MB, exit {audit.returncode}",
        flush=True,
    )


if __name__ == "__main__":
    main()
