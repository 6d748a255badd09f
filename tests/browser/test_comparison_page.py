from lightning_v2.analysis.compare import compare
from lightning_v2.report.pages.comparison_folder import write_folder
from tests.report.pages.test_page import ORIGIN


def test_a_comparison_can_be_heard_from_its_folder_without_a_network(visit, voice, tmp_path):
    write_folder(tmp_path / "shown", compare(voice, "Yes.", "naive"), ORIGIN)
    seen = visit(tmp_path / "shown" / "index.html")
    seen.page.wait_for_function("document.querySelectorAll('.ab-player[data-ready]').length === 1")
    seen.page.locator(".ab-play").first.click()
    seen.page.wait_for_function("document.querySelector('.ab-player').deck.position > 0")
    seen.page.get_by_role("button", name="naive").click()
    assert seen.player("deck.playing") is True
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.errors == [] and seen.requests == []
