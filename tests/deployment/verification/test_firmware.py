from lightning_v2.deployment.verification import firmware


def test_versions_are_read_and_the_serial_number_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(firmware, "SYS", tmp_path)
    assert firmware.firmware() == {}
    driver = tmp_path / "module" / "tenstorrent"
    card = tmp_path / "class" / "tenstorrent" / "tenstorrent!0"
    for folder in (driver, card):
        folder.mkdir(parents=True)
    (driver / "version").write_text("2.5.0\n")
    for name, value in (("tt_card_type", "p150b"), ("tt_fw_bundle_ver", "19.1.0.0")):
        (card / name).write_text(f"{value}\n")
    (card / "tt_serial").write_text("0123\n")
    assert firmware.firmware() == {
        "tt-kmd": "2.5.0",
        "tt_card_type": "p150b",
        "tt_fw_bundle_ver": "19.1.0.0",
    }
