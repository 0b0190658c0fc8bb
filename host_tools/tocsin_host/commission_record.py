"""The commissioning record: one JSON object for programs, and the checklist on top of the gateway's page for people.

Role in the flow: before stage 1, at commissioning. Context: host.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from .commission import Outcome
from .commission_steps import FAILED, NONE, OK, OVERRIDDEN, UNSEEN, Step
from .diag_report import report
from .diag_snapshot import Bounce

FORMAT = "tocsin-commission-1"
SIGNS: Mapping[str, str] = {OK: "✓", FAILED: "✗", OVERRIDDEN: "!", UNSEEN: "?", NONE: "-"}
_RESULTS = {
    "commissioned": "Commissioned",
    "overridden": "Commissioned, with something left open by name",
    "refused": "Not commissioned",
}
_STYLE = """<style>
.result { margin: 1rem 0 .4rem; padding: .7rem 1rem; border-radius: .5rem; font-size: 1.2rem; font-weight: 700; }
.commissioned { background: #dff3e4; color: #14532d; } .overridden { background: #fdf0c9; color: #6b4e00; }
.refused { background: #fbdcdc; color: #8a1010; }
.steps td:first-child { width: 1.6rem; text-align: center; font-weight: 700; }
.steps td:nth-child(2) { white-space: nowrap; font-weight: 600; }
.steps .ok td:first-child { color: #14803c; } .steps .failed td:first-child { color: #b01515; }
.steps .mend { color: #8a1010; } .steps .overridden .mend, .steps .unseen .mend { color: #6b4e00; }
.steps .none td { color: var(--soft); }
.answer { border-left: 4px solid #d9a400; padding: .3rem .8rem; margin: .8rem 0; color: #14181f; }
@media (max-width: 40rem) {
  .steps tr:first-child { display: grid; } .steps tr { display: grid; grid-template-columns: 1.8rem 1fr; }
  .steps td { display: block; padding: .1rem 0; } .steps td:nth-child(3) { grid-column: 2; }
}
@media print { .result { border: 1px solid; } }
</style>
"""


def result_of(outcome: Outcome) -> str:
    """One of three words: commissioned, overridden (somebody answers for what is open) or refused."""
    return "refused" if outcome.failed else "overridden" if outcome.override else "commissioned"


def record_of(outcome: Outcome, site: str, at: datetime) -> dict[str, Any]:
    """What `--json` writes."""
    plan, snapshot, raw, override = outcome.plan, outcome.snapshot, outcome.snapshot.raw, outcome.override
    taken = [step.key for step in outcome.steps if step.status == OVERRIDDEN]
    return {
        "format": FORMAT,
        "result": result_of(outcome),
        "gateway": snapshot.name,
        "site": site,
        "room": plan.gateway.room,
        "at": at.isoformat(timespec="seconds"),
        "person": _person(plan.person),
        "override": {"person": _person(override.person), "reason": override.reason, "steps": taken}
        if override
        else None,
        "unconfirmed": [step.key for step in outcome.unseen],
        "steps": [
            {"step": step.key, "title": step.title, "status": step.status, "found": step.found, "mend": step.mend}
            for step in outcome.steps
        ],
        "zones": [
            {
                "zone": zone.number,
                "name": zone.name,
                "kind": zone.kind,
                "state": zone.state,
                "reading": zone.reading,
                "is_testable": zone.is_testable,
                "hits": zone.hits,
                "last_tested": zone.tested or None,
            }
            for zone in snapshot.zones
        ],
        "board": {key: raw[key] for key in ("board", "firmware", "lib_hash", "key_id", "boot", "next_seq")},
    }


def page_of(outcome: Outcome, site: str, at: datetime, bounce: Bounce) -> str:
    """What `--report` writes: needs nothing else, for a phone or a printer."""
    plan, result, override = outcome.plan, result_of(outcome), outcome.override
    when = at.strftime("%-d %B %Y, %H:%M %Z")
    lines = [_STYLE, f'<div class="result {result}">{_RESULTS[result]}</div>']
    lines.append(f"<p>by {escape(plan.person.name)}, {when}</p>")
    if override:
        who, why = escape(override.person.name), escape(override.reason)
        lines.append(f'<p class="answer">{who} answers for what is marked with !: “{why}”</p>')
    if outcome.unseen:
        names = ", ".join(step.title for step in outcome.unseen)
        lines.append(f'<p class="answer">Nobody confirmed what a person must see: {escape(names)}.</p>')
    lines.append('<h2>Checklist</h2>\n<table class="steps">')
    lines += [_row(step) for step in outcome.steps]
    lines.append("</table>")
    subtitle = f"{site}, {plan.gateway.room}"
    return report(outcome.snapshot, bounce, subtitle, "\n".join(lines))


def _person(person: Any) -> dict[str, Any]:
    return {"number": person.number, "name": person.name}


def _row(step: Step) -> str:
    style = step.status.replace("not seen", "unseen")
    mend = f'<br><span class="mend">{escape(step.mend)}</span>' if step.mend else ""
    cells = f"<td>{SIGNS[step.status]}</td><td>{escape(step.title)}</td><td>{escape(step.found)}{mend}</td>"
    return f'<tr class="{style}">{cells}</tr>'
