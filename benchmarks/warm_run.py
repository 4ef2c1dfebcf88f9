"""How long a warm audit of the demo takes, where the time goes, and how much memory.

    make bench-run

starts the demo, audits it once to warm everything up, then measures: the wall time of
`counterfoil run` over several runs, the time spent in Counterfoil's own code (cProfile's
own time by file, so it includes the profiler's overhead), and the peak memory of each
Python process by resident set.
"""

import os
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
RUNS = 5
OURS = "counterfoil and flows"
AUDIT = [sys.executable, "-m", "counterfoil", "run", "--fail-on", "never"]


def main() -> None:
    """Prints the figures of docs/performance.md."""
    subprocess.run([sys.executable, "-m", "counterfoil", "demo", "start"], check=True, cwd=ROOT)
    audit()
    walls = [audit() for _ in range(RUNS)]
    print(f"\nwall time: median {statistics.median(walls):.1f} s of {RUNS} warm runs")
    print(f"peak memory of one process: {peak_mb():.0f} MB (the audit, or dbt)")
    print(f"peak memory of all at once: {peak_of_tree_mb():.0f} MB (with Prefect's server)")
    print("\nown time by package, profiled:")
    for package, seconds in own_time():
        print(f"  {seconds:6.2f} s  {package}")


def audit() -> float:
    """Seconds that one audit takes."""
    started = time.perf_counter()
    subprocess.run(AUDIT, check=True, cwd=ROOT, capture_output=True)
    return time.perf_counter() - started


def peak_mb() -> float:
    """The largest resident set that any of our children had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def peak_of_tree_mb() -> float:
    """The largest sum of resident sets of one audit's processes, sampled."""
    process = psutil.Popen(AUDIT, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            tree = [process, *process.children(recursive=True)]
            peak = max(peak, sum(member.memory_info().rss for member in tree))
        except psutil.Error:
            continue
        time.sleep(0.05)
    return peak / 2**20


def own_time() -> list[tuple[str, float]]:
    """Seconds of own time by package, largest first."""
    with tempfile.NamedTemporaryFile() as profile:
        command = [sys.executable, "-m", "cProfile", "-o", profile.name, "-m", *AUDIT[2:]]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True, env=dict(os.environ))
        stats = pstats.Stats(profile.name)
    seconds: dict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, own, *_) in stats.stats.items():  # type: ignore[attr-defined]
        seconds[package(file)] += own
    ranked = sorted(seconds.items(), key=lambda item: -item[1])
    return [line for rank, line in enumerate(ranked) if rank < 6 or line[0] == OURS]


def package(file: str) -> str:
    """Whose code a file is."""
    path = Path(file)
    if path.is_relative_to(ROOT / "counterfoil") or path.is_relative_to(ROOT / "flows"):
        return OURS
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    return "python and its built-ins"


if __name__ == "__main__":
    main()
