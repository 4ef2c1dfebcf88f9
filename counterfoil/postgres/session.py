"""A session: the roles that a run connects as, and how each of its connections is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.settings import Settings
from counterfoil.postgres.connection import Refusal, connected
from counterfoil.postgres.profiles import Target, load_historian, load_targets


@dataclass(frozen=True)
class Session:
    """Who connects in a run, and where to; every connection of a run comes of it.

    Attributes:
        builder: the role that builds the views, on the primary.
        auditor: the role that asserts; its target may be a replica.
        historian: the role that owns the history and writes it.
        settings: the operator's.
    """

    builder: Target
    auditor: Target
    historian: Target
    settings: Settings

    @classmethod
    def of(cls, name: str, settings: Settings) -> "Session":
        """That of an output of profiles.yml, and of `name`_audit and `name`_history beside it.

        Raises:
            TargetError: an output is unknown, incomplete, or needs an unset variable.
        """
        project = settings.project_dir
        builder, auditor = load_targets(name, project)
        return cls(builder, auditor, load_historian(name, project), settings)

    @classmethod
    def alone(cls, target: Target, settings: Settings) -> "Session":
        """That of one role that does everything."""
        return cls(target, target, target, settings)

    @contextmanager
    def as_builder(self, refusal: Refusal) -> Iterator[Connection]:
        """A connection of the builder's; what the driver raises in the block is translated.

        Raises:
            TargetError: the database cannot be reached, or refuses the role.
            UnavailableError: the connection was lost.
            CounterfoilError: of the refusal's kind, for whatever else the driver raises.
        """
        with connected(self.builder, self.settings, refusal) as connection:
            yield connection
