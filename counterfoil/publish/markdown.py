"""The audit as a Markdown report, laid out like the hand-written one it replaces."""

import re
from functools import partial
from typing import Any

from counterfoil.audit.findings import Acceptance, Tally
from counterfoil.common.templates import text_template
from counterfoil.common.text import clip, printable
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.publish import forms
from counterfoil.publish.body import Body
from counterfoil.publish.groups import Group, changed_groups, groups
from counterfoil.publish.headlines import (
    VERDICTS,
    counts,
    headlines,
    movement,
    open_incidents,
    what_became,
    worst_first,
)
from counterfoil.publish.ids import shortened, tenant_names, with_ids
from counterfoil.publish.listing import (
    MOST_LETTERS,
    acceptances,
    cut,
    findings_a_check,
)
from counterfoil.publish.statements import repairs
from counterfoil.publish.tables import score_table, tenant_table, waiver_table
from counterfoil.publish.trends import trends_of

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")

_MARKS = {"pass": "✅", "fail": "🔴", "waived": "⚪", "error": "⛔", "unknown": "❔"}
_MARKS |= {"not applicable": "➖", "critical": "🔴", "warning": "🟠", "info": "🔵"}


def render_markdown(body: Body) -> str:
    """The report. Text from the database appears as text, whatever markup it holds."""
    template = text_template(
        "counterfoil.publish",
        "report.md.j2",
        text=plain,
        signed=forms.signed,
        another_time=forms.another_time,
        bare=forms.bare,
        mark=_MARKS.__getitem__,
        instant=forms.instant,
        open_incidents=open_incidents,
        capitalize_first=forms.capitalize_first,
        shortened=shortened,
        with_ids=with_ids,
        code=_code,
    )
    audit = body.audit
    incidents = audit.history.incidents if audit.history else []
    accepted = acceptances(audit.checks)

    def acceptances_of(group: Group) -> list[Acceptance]:
        names = ((incident.check_id, incident.fingerprint) for incident in group.incidents)
        return list(dict.fromkeys(accepted[name] for name in names if name in accepted))

    return template.render(
        audit=audit,
        counts=counts(audit),
        word=VERDICTS[audit.status],
        headlines=headlines(audit),
        movement=movement(audit),
        changes=cut(changed_groups(audit.history.changes, incidents) if audit.history else []),
        what_became=partial(what_became, checks=audit.checks),
        tally=audit.history.tally if audit.history else Tally(),
        groups=cut(
            groups((one for one in incidents if one.status == "open"), audit.unjudged_names)
        ),
        accepted=cut(groups(one for one in incidents if one.status == "waived")),
        acceptances=acceptances_of,
        repairs=partial(repairs, audit=audit),
        facts=body.facts,
        score=score_table(audit),
        tenant_score=tenant_table(audit),
        sections=body.sections,
        waivers=waiver_table(audit),
        checks=worst_first(audit.checks),
        remedies={check.name: check.remedy for check in audit.checks},
        tenants=tenant_names(audit),
        trends=trends_of(audit, [one for one in worst_first(audit.checks) if not one.is_quiet]),
        most_findings=findings_a_check(audit.checks),
        schema=PUBLIC_SCHEMA,
    )


def _code(value: str) -> str:
    """A command, whatever backticks are in it."""
    longest = max(map(len, re.findall("`+", value)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{printable(value)}{space}{fence}"


def plain(value: Any) -> str:
    """A value that Markdown shows as it is: on one line, its markup escaped."""
    if value is None:
        return "–"
    return _MARKUP.sub(r"\\\1", clip(printable(str(value)), MOST_LETTERS))
