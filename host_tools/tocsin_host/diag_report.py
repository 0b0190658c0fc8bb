"""The commissioning record of a gateway: one page of HTML that needs nothing else, for a phone or a printer.

Role in the flow: stages 1 to 8 seen by a technician. Context: host.
"""

from __future__ import annotations

from html import escape

from .diag_snapshot import BOUNCE_CLASSES_MS, Bounce, Snapshot, ZoneView

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light; --line: #c9ced6; --soft: #5b6472; }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.2rem;
  color: #14181f; background: #fff; }}
h1 {{ font-size: 1.5rem; margin: 0 0 .2rem; }}
h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .5rem; border-bottom: 1px solid var(--line); }}
p {{ margin: .2rem 0; color: var(--soft); }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .32rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }}
th {{ font-weight: 600; color: var(--soft); font-size: .85rem; }}
.state {{ display: inline-block; border-radius: .7rem; padding: 0 .6rem; font-weight: 600; }}
.normal {{ background: #dff3e4; color: #14532d; }} .alarm {{ background: #fbdcdc; color: #8a1010; }}
td[data-label=reading], td[data-label="last tested"] {{ white-space: nowrap; }}
.never {{ color: #8a1010; }}
.tamper {{ background: #efdcfb; color: #5b1a86; }} .fault {{ background: #fdf0c9; color: #6b4e00; }}
dl {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .5rem 1rem; margin: 0; }}
dt {{ color: var(--soft); font-size: .85rem; }} dd {{ margin: 0; overflow-wrap: anywhere; }}
svg {{ display: block; }}
.sign {{ margin-top: 2.5rem; display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; }}
.sign div {{ border-top: 1px solid #14181f; padding-top: .3rem; color: var(--soft); }}
@media (max-width: 40rem) {{
  tr:first-child {{ display: none; }} td {{ display: flex; gap: 1rem; border: 0; padding: .12rem 0; }}
  td:empty {{ display: none; }} td[data-label=zone] {{ font-weight: 600; }}
  td::before {{ content: attr(data-label); color: var(--soft); flex: 0 0 7rem; }}
  tr {{ display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }}
}}
@media print {{ body {{ max-width: none; padding: 0; font-size: 11px; }} tr {{ break-inside: avoid; }} }}
</style>
<h1>{title}</h1>
<p>{subtitle}</p>
{top}<h2>Zones</h2>
<table>
<tr>{heads}</tr>
{zones}</table>
<h2>The gateway</h2>
<dl>{facts}</dl>
<div class="sign"><div>date, technician</div><div>for the museum</div></div>
</html>
"""
_HEADS = ("no.", "zone", "kind", "state", "reading", "last tested", "errors", "short pulses, ms", "marks")
_BAR_WIDTH, _BAR_HEIGHT = 14, 26


def report(snapshot: Snapshot, bounce: Bounce, subtitle: str, top: str = "") -> str:
    """The page; `subtitle` says when, for people; `top` is HTML that stands before the zones."""
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in snapshot.facts)
    return _PAGE.format(
        title=f"Gateway {escape(snapshot.name)}",
        subtitle=escape(subtitle),
        top=top,
        heads="".join(f"<th>{head}</th>" for head in _HEADS),
        zones="".join(_row(zone, bounce) for zone in snapshot.zones),
        facts=facts,
    )


def _row(zone: ZoneView, bounce: Bounce) -> str:
    counts = bounce.counts.get(zone.pin, []) if zone.pin is not None else []
    state = f'<span class="state {zone.state}">{zone.state}</span>'
    reading = zone.reading or ("" if zone.level is None else "not at rest" if zone.level else "at rest")
    errors = str(zone.errors) if zone.errors else ""
    number, name, marks = str(zone.number), escape(zone.name), escape(zone.marks)
    tested = '<b class="never">never</b>' if zone.tested == "never" else zone.tested
    cells = (number, name, zone.kind, state, reading, tested, errors, _bars(counts), marks)
    told = zip(_HEADS, cells, strict=True)
    return "<tr>" + "".join(f'<td data-label="{head}">{cell}</td>' for head, cell in told) + "</tr>\n"


def _bars(counts: list[int]) -> str:
    """A small histogram; nothing where nothing bounced."""
    if not any(counts):
        return ""
    top = max(counts)
    bars = []
    for place, count in enumerate(counts):
        height = round(_BAR_HEIGHT * count / top)
        x, y = place * (_BAR_WIDTH + 2), _BAR_HEIGHT - height
        bars.append(f'<rect x="{x}" y="{y}" width="{_BAR_WIDTH}" height="{height}" fill="#3b6fb5"/>')
        text = f'<text x="{x + 7}" y="{_BAR_HEIGHT + 9}" font-size="8" text-anchor="middle">'
        bars.append(f"{text}{BOUNCE_CLASSES_MS[place]}</text>")
    width = len(counts) * (_BAR_WIDTH + 2)
    label = f"{sum(counts)} short pulses"
    return f'<svg width="{width}" height="{_BAR_HEIGHT + 11}" role="img" aria-label="{label}">{"".join(bars)}</svg>'
