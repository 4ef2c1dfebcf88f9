"""The order in which Alembic would apply its revisions."""

import heapq
from collections import defaultdict
from collections.abc import Sequence


def order_revisions(revisions: Sequence[tuple[str, Sequence[str], str]]) -> list[str]:
    """The files of the revisions, each after its parents; of several that could be next the
    first by file name. A parent that is not there holds nothing up; what stands on a cycle
    has no place in the order, and is left out.

    Args:
        revisions: each one's id, its parents' ids, and its file.
    """
    files_of: dict[str, list[str]] = defaultdict(list)
    for revision, _, file in revisions:
        files_of[revision].append(file)
    children: dict[str, list[str]] = defaultdict(list)
    waiting: dict[str, int] = {}
    for _, parents, file in revisions:
        known = [before for parent in parents for before in files_of.get(parent, ())]
        waiting[file] = len(known)
        for before in known:
            children[before].append(file)
    ready = [file for file, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    ordered = []
    while ready:
        file = heapq.heappop(ready)
        ordered.append(file)
        for child in children[file]:
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, child)
    return ordered
