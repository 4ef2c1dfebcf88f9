"""The one family of errors that a user is meant to read."""


class CounterfoilError(Exception):
    """Something the user can mend: what is wrong, where, and what to do about it.

    Args:
        what: the fault, as a sentence without a full stop.
        where: the file, key, relation or host it lies in; empty where `what` says it.
        remedy: what to do next, as an imperative without a full stop.

    `str()` of it is always a single line, so a log or a terminal shows it whole.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        located = f"{where}: {what}" if where else what
        advised = f"{located}. {remedy}." if remedy else f"{located}."
        super().__init__(" ".join(advised.split()))


class ContractError(CounterfoilError):
    """The contract is not one that an audit can be held against."""


class SuiteError(CounterfoilError):
    """An expectation suite that would not assert what it says."""


class TargetError(CounterfoilError):
    """A target of profiles.yml that is unknown, incomplete or unreachable."""


class PreflightError(CounterfoilError):
    """The database is not as the contract and the roles need it."""


class BuildError(CounterfoilError):
    """The reconciliation views could not be built, or failed their own tests."""


class PublishError(CounterfoilError):
    """The results could not be written."""


class RepairError(CounterfoilError):
    """A repair that cannot be planned, or could not be tried."""


class DemoError(CounterfoilError):
    """The embedded demo database could not be started, loaded or stopped."""
