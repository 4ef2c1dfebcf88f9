"""The audit as one HTML page that needs nothing else: no network, no script, no font."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from counterfoil.audit.findings import Tally
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.publish import forms
from counterfoil.publish.body import Body
from counterfoil.publish.groups import Group, changed_groups, groups
from counterfoil.publish.headlines import (
    VERDICTS,
    counts,
    movement,
    open_incidents,
    unjudged,
    what_became,
    what_happened,
    worst_first,
)
from counterfoil.publish.ids import pieces, shortened, tenant_names
from counterfoil.publish.listing import (
    MOST_GROUPS,
    MOST_LINES,
    MOST_OF_A_CHECK,
    acceptances,
    cut,
    findings_a_check,
)
from counterfoil.publish.statements import remedies, repairs, show, statement
from counterfoil.publish.tables import score_table, tenant_table, waiver_table
from counterfoil.publish.trends import trends_of

# Of tenants, who may be many.
_MOST_PLACES = 10


def render_html(body: Body, *, links: Mapping[str, str]) -> str:
    """The report. Text from the database appears as text, whatever markup it holds.

    Args:
        body: what was found, and what the packs show of it.
        links: where the report leads to, by name; relative to its folder. `previous`, the
            last audit's report, only if it is there.
    """
    audit, history = body.audit, body.audit.history
    incidents = history.incidents if history else []
    failing = [check for check in worst_first(audit.checks) if not check.is_quiet]
    open_groups = cut(
        groups((one for one in incidents if one.status == "open"), audit.unjudged_names)
    )
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            audit=audit,
            links=links,
            word=VERDICTS[audit.status],
            counts=counts(audit),
            movement=movement(audit),
            open_incidents=open_incidents(history) if history else None,
            changes=cut(changed_groups(history.changes, incidents) if history else []),
            what_happened=what_happened,
            what_became=partial(what_became, checks=audit.checks),
            tally=history.tally if history else Tally(),
            places_of=_places_of,
            groups=open_groups,
            number_of={group.subject: number for number, group in enumerate(open_groups.listed, 1)},
            accepted=cut(groups(one for one in incidents if one.status == "waived")),
            acceptance=acceptances(audit.checks),
            incident_of={(one.check_id, one.fingerprint): one for one in incidents},
            checks={check.name: check for check in audit.checks},
            failing=failing,
            unjudged=unjudged(audit),
            quiet=[check for check in worst_first(audit.checks) if check.is_quiet],
            facts=body.facts,
            score=score_table(audit),
            tenant_score=tenant_table(audit),
            sections=body.sections,
            waivers=waiver_table(audit),
            tenants=tenant_names(audit),
            trends=trends_of(audit, failing),
            most_findings=findings_a_check(failing),
            most_groups=MOST_GROUPS,
            most_checks=MOST_OF_A_CHECK,
            most_lines=MOST_LINES,
            remedies=partial(remedies, audit=audit),
            repairs=partial(repairs, audit=audit),
            show=partial(show, audit=audit),
            schema=PUBLIC_SCHEMA,
        )
    )


@cache
def environment() -> Environment:
    """Templates whose every value is escaped, and cannot move or reorder what is around it."""
    environment = Environment(
        loader=PackageLoader("counterfoil.publish"),
        autoescape=True,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do"],
    )
    style = files("counterfoil.publish").joinpath("templates/report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(
        style=Markup(style),  # noqa: S704 - our own file
        # What a browser may load: nothing but this very style sheet.
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none';"
        " form-action 'none'",
    )
    environment.filters.update(
        instant=forms.instant,
        signed=forms.signed,
        another_time=forms.another_time,
        number=forms.number,
        capitalize_first=forms.capitalize_first,
        pieces=forms.pieces,
        share=_share,
        breakable=_breakable,
        shortened=_shortened,
        with_ids=_with_ids,
        anchor=_anchor,
        statement=statement,
    )
    return environment


def _harmless(value: Any) -> Any:
    """Every value that a template shows passes through here."""
    if isinstance(value, Markup):
        return value
    return forms.text(value)


def _breakable(name: str | None) -> Markup | None:
    """A name of the catalog, which a narrow screen may break where a reader would."""
    if name is None:
        return None
    return escape(_harmless(name)).replace("_", Markup("_<wbr>")).replace(".", Markup(".<wbr>"))


def _shortened(id_: str, names: Mapping[str, str]) -> Markup:
    """The name of an id, or some of its letters, the whole in a title."""
    told = _harmless(shortened(id_, names))
    if id_ in names:
        return Markup('<bdi title="{}">{}</bdi>').format(id_, told)
    if told == id_:
        return Markup('<bdi class="id">{}</bdi>').format(told)
    return Markup('<abbr title="{}">{}</abbr>').format(id_, told)


def _with_ids(sentence: str, names: Mapping[str, str]) -> Markup:
    """A sentence of the database's with its UUIDs shortened; those of tenants are their names."""
    told = (
        _shortened(piece, names) if is_id else escape(piece)
        for piece, is_id in pieces(_harmless(sentence))
    )
    return Markup("<bdi>{}</bdi>").format(Markup().join(told))


def _places_of(told: Sequence[Group]) -> dict[str, list[tuple[str, list[int]]]]:
    """The numbers of the cards by severity, owner and tenant, where those differ."""
    places: dict[str, dict[str, list[int]]] = {"severity": {}, "owner": {}, "tenant": {}}
    for number, group in enumerate(told, 1):
        places["severity"].setdefault(group.severity, []).append(number)
        for owner in group.owners:
            places["owner"].setdefault(owner, []).append(number)
        for tenant in group.tenant_ids:
            places["tenant"].setdefault(tenant, []).append(number)
    return {
        kind: [*numbers.items()][:_MOST_PLACES]
        for kind, numbers in places.items()
        if len(numbers) > 1
    }


def _anchor(check: str) -> str:
    """The id of a check's place on the page: without the characters that no id may have."""
    return "check-" + re.sub(r"[^\w.-]+", "-", check)


def _share(value: float | None, largest: float) -> float:
    """A bar's length, in percent of the longest; what is not 0 can be seen."""
    return round(max(abs(value) / largest * 100, 2), 1) if value and largest else 0
