"""The one family of errors that a user is meant to read."""

from counterfoil.common.text import clip, one_line

# What a command ends with, whatever of these it met.
EXIT_ERROR = 3

# Characters: longer than paths are, and no more than a line of a log.
_LONGEST_PLACE = 500


class CounterfoilError(Exception):
    """Something the user can correct: what is wrong, where, and what to do about it.

    Args:
        what: the fault, as a sentence without a full stop.
        where: the file, key, relation or host it lies in; empty where `what` says it.
        remedy: what to do next, as an imperative without a full stop.

    `str()` of it is always a single printable line, whatever names and messages went into
    it, so a log or a terminal shows it whole.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        # A driver's message may end with a full stop of its own, or with a new line.
        place = clip(where, _LONGEST_PLACE)
        located = one_line(f"{place}: {what}" if where else what).rstrip(" .")
        super().__init__(one_line(f"{located}. {remedy}." if remedy else f"{located}."))


class SettingsError(CounterfoilError):
    """A setting of the environment that cannot be what it says."""


class ContractError(CounterfoilError):
    """The contract is not one that an audit can be held against."""


class SuiteError(CounterfoilError):
    """An expectation suite that would not assert what it says."""


class WaiverError(CounterfoilError):
    """A line of the waivers that accepts nothing, or nobody knows what."""


class AlertError(CounterfoilError):
    """A recipient of alerts that nobody could tell anything."""


class HistoryError(CounterfoilError):
    """The history cannot be read, written or brought up to date."""


class TargetError(CounterfoilError):
    """A target of profiles.yml that is unknown, incomplete or unreachable."""


class UnavailableError(TargetError):
    """The database did not answer, or hung up: the same again may work in a moment."""


class LockError(CounterfoilError):
    """Another audit of the same database is running."""


class PreflightError(CounterfoilError):
    """The database is not as the contract and the roles need it."""


class BuildError(CounterfoilError):
    """The reconciliation views could not be built, or failed their own tests."""


class SnapshotError(CounterfoilError):
    """The instant that an audit saw can no longer be trusted."""


class PublishError(CounterfoilError):
    """The results could not be written."""


class FlowError(CounterfoilError):
    """Prefect could not run the flow."""


class FleetError(CounterfoilError):
    """The list of databases is not one that can be audited."""


class RepairError(CounterfoilError):
    """A repair that cannot be planned, or could not be tried."""


class LedgerError(CounterfoilError):
    """A ledger or an account that is not there, or that cannot be read."""


class MigrationsError(CounterfoilError):
    """Migrations that cannot be found, or judged."""


class DemoError(CounterfoilError):
    """The embedded demo database could not be started, loaded or stopped."""
