"""Which firmware and driver a card has, as its kernel driver tells; never its serial number."""

from pathlib import Path

SYS = Path("/sys")

_ATTRIBUTES = (
    "tt_card_type",
    "tt_fw_bundle_ver",
    "tt_arc_fw_ver",
    "tt_eth_fw_ver",
    "tt_m3app_fw_ver",
    "tt_m3bl_fw_ver",
)
"""As tt-kmd documents them; a card has some."""


def firmware() -> dict[str, str]:
    """Attribute -> value of the first card, "tt-kmd" -> version of the driver."""
    found = {}
    driver = SYS / "module" / "tenstorrent" / "version"
    if driver.exists():
        found["tt-kmd"] = driver.read_text().strip()
    for card in sorted(SYS.glob("class/tenstorrent/tenstorrent!*"))[:1]:
        places = ((name, card / name) for name in _ATTRIBUTES)
        found |= {name: path.read_text().strip() for name, path in places if path.exists()}
    return found
