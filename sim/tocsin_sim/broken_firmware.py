"""Firmware that fails as soon as it starts, for whoever wants to see a board go back.

Role in the flow: before stage 1, for firmware that comes later. Context: CPython. For simulation only.
"""

from tocsin_host.image import compiled


def broken_files() -> dict[str, bytes]:
    """As `image.device_files` gives those that work."""
    return compiled({"tocsin_fw": "", "tocsin_fw.hal_rp2": "raise RuntimeError('this firmware does not work')\n"})
