"""An audit as it is published: its body, by what the packs say that they show."""

from conftest import ROOT

from counterfoil.audit.findings import Audit
from counterfoil.publish.body import Body, body_of
from counterfoil.suites.pack_report import load_reports

REPORTS = load_reports(ROOT / "expectations")


def shown(audit: Audit) -> Body:
    """Its body."""
    return body_of(audit, REPORTS)
