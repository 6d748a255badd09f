import json
import re

from lightning_v2.cli.main import main
from lightning_v2.report.pages.comparison_folder import FILES


def test_compare(capsys):
    assert main(["compare", "Good morning.", "--plan", "lightning-v2", "--layers", "3"]) == 0
    out = capsys.readouterr().out
    for words in (
        r"pesq_wb_mos +\d\.\d+  MOS-LQO, 1 to 4.64 +≥ 4.5",
        r"f0_median_cents +\S+  cents +≤ 1",
    ):
        assert re.search(rf"^{words} +(kept|broken)$", out, re.MULTILINE)
    assert re.search(
        r"^lightning-v2 (keeps all|breaks \d+ of) \d+ bounds on this sentence\.", out, re.MULTILINE
    )
    assert "lightning-v2 check lightning-v2" in out
    assert "nan" not in out.lower()
    assert "3 sites with the largest accumulated error" in out
    assert "all values of all sites are finite" in out
    assert "measured only with --judges" in out
    assert "judges=True" not in out


def test_compare_with_judges_says_why_freely_spoken_waves_are_not_compared(capsys):
    options = ["--plan", "naive", "--free-running", "--judges", "--layers", "1"]
    assert main(["compare", "Good morning.", *options]) == 0
    out = capsys.readouterr().out
    measured, _, rest = out.partition("not measured, ")
    lines = {line.split()[0]: line.split() for line in measured.splitlines() if line}
    for name in ("words_agree_percent", "dnsmos_ovrl_reference_mos", "dnsmos_p808_change_mos"):
        assert float(lines[name][1].replace("−", "-")) < 101
    assert "pesq_wb_mos" not in lines and "nan" not in out.lower()
    why, _, names = rest.partition(":")
    assert "phones last longer or shorter, so the waveforms" in why
    assert "pesq_wb_mos" in names.partition("\n\n")[0]


def test_compare_tells_what_blocks_flush(capsys):
    assert main(["compare", "Good morning.", "--plan", "naive", "--layers", "3"]) == 0
    out = capsys.readouterr().out
    assert "of the activations of " in out
    assert "sites that flush most. Flushed: operands that were not zero" in out


def test_a_folder_to_show_around(tmp_path, capsys):
    folder = tmp_path / "shown"
    options = ["--plan", "bf16", "--layers", "1", "-o", str(folder)]
    assert main(["compare", "Good morning.", *options]) == 0
    assert f"written to {folder}: index.html" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    record = json.loads((folder / "comparison.json").read_text())
    assert record["seed"] == 0 and record["kind"] == "emulated" and record["commit"]
    page = (folder / "index.html").read_text()
    assert f"voice {record['voice']}: " in page
    assert main(["compare", "Good morning.", *options]) == 0


def test_a_folder_that_is_in_use_is_refused_before_anything_runs(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("mine")
    assert main(["compare", "Hi.", "--plan", "bf16", "-o", str(tmp_path)]) == 2
    assert "holds other files, such as thesis.tex" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
