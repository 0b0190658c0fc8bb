"""Labels for gateways: name, room, key fingerprint, and the same as a QR code, for a printer.

Role in the flow: provisioning, before stage 1. Context: host. A label tells nothing that is secret.
"""

from html import escape
from typing import NamedTuple

import segno


class Label(NamedTuple):
    """`fingerprint` as `keys.fingerprint` writes it."""

    site: str
    gateway: str
    room: str
    fingerprint: str

    def code(self) -> str:
        """What the QR code says."""
        return f"tocsin:{self.gateway}#{self.fingerprint}"


# 62 mm wide: fits the common label printers, and three to a row on a sheet.
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 10pt/1.25 sans-serif; margin: 8mm; color: #000; background: #fff; }}
main {{ display: flex; flex-wrap: wrap; gap: 3mm; }}
article {{ box-sizing: border-box; width: 62mm; height: 29mm; padding: 2mm; border: 0.2mm solid #000;
  border-radius: 2mm; display: flex; gap: 2mm; align-items: center; break-inside: avoid; overflow: hidden; }}
svg {{ width: 23mm; height: 23mm; flex: none; }}
h2 {{ margin: 0; font-size: 13pt; overflow-wrap: anywhere; }}
p {{ margin: 0; }}
code {{ font: bold 9pt monospace; white-space: nowrap; }}
</style>
<main>
{labels}</main>
</html>
"""
_LABEL = """<article>{qr}<div><h2>{gateway}</h2><p>{room}</p><p><code>{one}<br>{two}</code></p></div></article>
"""


def label_page(labels: list[Label]) -> str:
    """A page of labels in HTML that needs nothing else; the same labels give the same bytes."""
    title = escape(f"Labels of {labels[0].site}") if labels else "Labels"
    return _PAGE.format(title=title, labels="".join(map(_label, labels)))


def _label(label: Label) -> str:
    code = segno.make(label.code(), error="m", micro=False)
    qr = code.svg_inline(border=2, omitsize=True)
    middle = len(label.fingerprint) // 2
    one, two = label.fingerprint[:middle], label.fingerprint[middle + 1 :]
    return _LABEL.format(qr=qr, gateway=escape(label.gateway), room=escape(label.room), one=one, two=two)
