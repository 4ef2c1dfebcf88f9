"""What is gathered while one file is read, statement by statement."""

from dataclasses import dataclass, field, replace
from typing import Literal

from counterfoil.migrations.facts import HOLE, Action, Direction, ParseFault, Statement, Unknown

# What a name of which nothing is known may be.
ANY_NAME = "%"


@dataclass
class Collector:
    """The facts of one file, their positions counted from the file's first statement.

    Attributes:
        tree: the file's tree.
        file: its path below the audited folder.
        default_path: where an unqualified name goes while nothing else is set.
        direction: which way the statements now being read are applied.
        guards: how many conditions surround them.
    """

    tree: str
    file: str
    default_path: tuple[str, ...]
    direction: Direction = "forward"
    guards: int = 0
    statements: list[Statement] = field(default_factory=list)
    unknowns: list[Unknown] = field(default_factory=list)
    faults: list[ParseFault] = field(default_factory=list)
    changing: set[Direction] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.search_path = self.default_path

    def turn(self, direction: Direction) -> None:
        """Goes on to what is applied the other way: a session of its own."""
        self.direction = direction
        self.search_path = self.default_path

    def change(self) -> None:
        """Notes that something is done to the database, whatever it is."""
        self.changing.add(self.direction)

    def note(
        self,
        action: Action,
        kind: Literal["table", "view", "temporary", "type", "schema"],
        name: tuple[str | None, str],
        line: int,
        *,
        needed_by: str | None = None,
        guarded: bool = False,
        column_list: str | None = None,
    ) -> None:
        """Notes what a statement does to an object, or that it needs it.

        Args:
            name: schema and name; no schema for an unqualified name. A name of which a
                piece is not known (HOLE) is noted as unknown.
        """
        schema, local = name
        if action != "refers":
            self.change()
        if HOLE in local or HOLE in (schema or ""):
            self._note_unknown_name(action, schema, local, line)
            return
        self.statements.append(
            Statement(
                tree=self.tree,
                file=self.file,
                line=line,
                position=self._next(),
                direction=self.direction,
                action=action,
                kind=kind,
                schema_name=schema,
                object_name=local,
                search_path=self.search_path,
                needed_by=needed_by,
                is_conditional=guarded or self.guards > 0,
                column_list=column_list,
            )
        )

    def note_unknown(
        self, reason: str, line: int, *, creates: str | None = None, removes: str | None = None
    ) -> None:
        """Notes a statement of which only a run would show what it does."""
        self.change()
        if self.direction == "forward":
            self.unknowns.append(
                Unknown(self.tree, self.file, line, self._next(), reason, creates, removes)
            )

    def note_fault(self, problem: str, line: int) -> None:
        """Notes text that does not parse. What it would have done is unknown, and a fault."""
        self.change()
        self.faults.append(ParseFault(self.tree, self.file, line, problem))

    def placed(self, rank: int) -> "Collector":
        """The same facts with the positions that they have in the tree."""
        base = rank << 24
        return replace(
            self,
            statements=[replace(fact, position=base + fact.position) for fact in self.statements],
            unknowns=[replace(fact, position=base + fact.position) for fact in self.unknowns],
        )

    def _next(self) -> int:
        return len(self.statements) + len(self.unknowns)

    def _note_unknown_name(self, action: Action, schema: str | None, local: str, line: int) -> None:
        pattern = f"{like(schema) if schema else self.search_path[0]}.{like(local)}"
        reason = {
            "creates": "creates a table whose name only a run would show",
            "removes": "drops a table whose name only a run would show",
            "refers": "names a table that only a run would show",
        }[action]
        self.note_unknown(
            reason,
            line,
            creates=pattern if action == "creates" else None,
            removes=pattern if action == "removes" else None,
        )


def like(name: str) -> str:
    """A name with holes as a LIKE pattern of what it may be."""
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace(HOLE, ANY_NAME)
