"""Pages and index from notebooks that were made by hand, as papermill would leave them."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from nbformat import v4
from PIL import Image

from lightning_v2.analysis.display.picture import Picture
from lightning_v2.report.pages import outputs
from lightning_v2.report.pages.index import index
from lightning_v2.report.pages.page import Neighbours, page
from lightning_v2.report.records import Run

ORIGIN = {
    "time": "2026-01-01T00:00:00+00:00",
    "commit": "0123456789ab",
    "python": "3.12",
    "packages": {"torch": "2.13", "ttnn": None},
    "machine": {"cpu": "a <cpu>", "cores": 2, "memory_gib": 8.0},
}


def run(plan="bf16", **changed):
    name = f"a-{plan}" if plan else "a"
    known = {"parameters": {"plan": plan}, "executed": f"{name}.ipynb", "page": f"{name}.html"}
    return Run(**{"notebook": "a.ipynb", "plan": plan, "provenance": ORIGIN, **known, **changed})


def picture(values):
    figure = Figure(figsize=(6, 5))
    figure.subplots().plot(values)
    data = {"line": pd.DataFrame({"x": values}), "map": {"level_db": np.eye(2)}}
    return Picture(figure, "a line that rises", "emulated", data)


@pytest.fixture
def notebook():
    cells = [
        v4.new_markdown_cell("# Title <1>\n\nThe **first**\nparagraph.\n\nAnother."),
        v4.new_code_cell(
            'plan = "x"\ntier = "exact"\nseconds = [2, 10]', metadata={"tags": ["parameters"]}
        ),
        v4.new_code_cell('plan = "bf16"', metadata={"tags": ["injected-parameters"]}),
    ]
    for values in ([1, 2], [3, 4]):
        shown = v4.new_output("display_data", data=picture(values)._repr_mimebundle_())
        cells.append(v4.new_code_cell("draw()", outputs=[shown]))
    return v4.new_notebook(cells=cells)


def test_says_where_it_comes_from(notebook):
    content, _ = page(notebook, run(seconds=12.3), [])
    foot = re.search("<footer>(.*)</footer>", content)[1]
    assert foot.startswith("commit 0123456789ab · Python 3.12, torch 2.13 · a &lt;cpu&gt;, 2 cores")
    assert foot.endswith("ran 12 s · emulated, exact tier")
    assert "<title>Title &lt;1&gt; · bf16</title>" in content


def test_says_whose_its_voice_is(notebook):
    content, _ = page(notebook, run(provenance={**ORIGIN, "voices": {"joe": "CC0 <1.0>"}}), [])
    assert " · voice joe: CC0 &lt;1.0&gt; · " in re.search("<footer>(.*)</footer>", content)[1]


def test_shows_what_was_set_and_not_the_cells_that_set_it(notebook):
    content, _ = page(notebook, run(), [])
    pairs = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", content)
    assert pairs == [("plan", "bf16"), ("tier", "exact"), ("seconds", "2, 10")]
    assert "<summary>code</summary>" in content
    assert "plan = " not in re.sub("<[^>]+>", "", content)


def test_links_to_the_data_behind_each_figure(notebook):
    content, files = page(notebook, run(), [])
    first, second = "files/a-bf16/line.csv", "files/a-bf16/4-line.csv"
    assert files[first] == b"x\n1\n2\n"
    assert files[second] == b"x\n3\n4\n"
    stored = np.load(io.BytesIO(files["files/a-bf16/map.npz"]))
    assert np.array_equal(stored["level_db"], np.eye(2))
    assert len(files) == 3  # what is the same is there once
    links = re.findall(r'<a download(?:="")? href="([^"]+)"', content)
    assert sorted(links) == sorted([*files, "files/a-bf16/map.npz", "files/a-bf16/a-bf16.ipynb"])
    assert content.count("data of this figure") == 2


def test_leads_to_its_variants_and_says_which_one_it_is(notebook):
    mine, other = run(), run("naive", asked="seed=1")
    content, _ = page(notebook, mine, [mine, other])
    assert 'href="a-bf16.html" aria-current="page"' in content
    assert re.search(r'<a class="chip" href="a-naive.html">.*?naive · seed=1</a>', content)
    assert "Variants" not in page(notebook, mine, [mine])[0]


def test_a_failure_is_the_first_thing_it_says(notebook):
    content, _ = page(notebook, run(error="cell [3] <bad>"), [])
    assert (
        '<p class="failed" role="alert">This notebook failed: cell [3] &lt;bad&gt;</p>' in content
    )


def test_words_of_a_notebook(notebook):
    assert outputs.title(notebook, "x") == "Title <1>"
    assert outputs.lead(notebook) == "The first paragraph."
    empty = v4.new_notebook()
    assert (outputs.title(empty, "x"), outputs.lead(empty)) == ("x", "")
    assert outputs.thumbnail(empty) is None


def test_thumbnails_are_small_light_and_dark(notebook):
    corners = []
    for url in outputs.thumbnail(notebook):
        image = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        assert image.width == 400
        assert image.height <= 250
        corners.append(np.array(image.convert("RGB"))[2, 2].max())
    assert corners[0] > 240 > 60 > corners[1]


def test_pages_lead_to_those_beside_them_and_to_their_sections(notebook):
    notebook.cells += [v4.new_markdown_cell(f"## Part <{n}>") for n in (1, 2)]
    content, _ = page(notebook, run(), [], Neighbours(None, ("b.html", "Next & last")))
    assert content.count('<a href="b.html" rel="next">Next &amp; last →</a>') == 2
    assert 'rel="prev"' not in content
    contents = re.search('<nav class="contents"[^>]*>(.*?)</nav>', content)[1]
    targets = re.findall('href="#([^"]+)"', contents)
    assert len(targets) == 2 and all(f'<h2 id="{target}">' in content for target in targets)


def test_a_page_alone_leads_nowhere(notebook):
    content, _ = page(notebook, run(), [])
    assert 'rel="next"' not in content and 'class="contents"' not in content


def test_index_names_every_page_and_every_failure(notebook):
    runs = [run(), run("naive", error="no <phase>"), run("x", page=None, error="disk")]
    content = index(runs, {r.executed: notebook for r in runs[:2]}, ORIGIN)
    assert "1 of 3 ran through" in content
    assert {"a-bf16.html", "a-naive.html"} <= set(re.findall('href="([^"]+)"', content))
    assert "a-naive failed: no &lt;phase&gt;" in content
    assert "a-x failed: disk" in content
    assert "The first paragraph." in content
    assert content.count('class="thumbnail"') == 1


def test_index_shows_what_a_notebook_has_for_it_below_its_headings(notebook):
    player = {"_esm": "export default {}", "clips": []}
    view = {outputs.VIEW_TYPE: {"model_id": "m"}}
    tagged = {"metadata": {"tags": ["index"]}}
    notebook.metadata["widgets"] = {outputs.STATE_TYPE: {"state": {"m": {"state": player}}}}
    notebook.cells += [
        v4.new_markdown_cell("## What <now>?\n\nWords."),
        *(
            v4.new_code_cell("x", outputs=[v4.new_output("display_data", data=data)], **tagged)
            for data in ({"text/html": "<b>shown</b>"}, view, {"text/plain": "not shown"})
        ),
        v4.new_code_cell(
            "x", outputs=[v4.new_output("display_data", data={"text/html": "not this"})]
        ),
    ]
    content = index([run()], {"a-bf16.ipynb": notebook}, ORIGIN)
    assert content.count("<h3>What &lt;now&gt;?</h3><b>shown</b><div id=") == 1
    assert "static-widget" in content and "not this" not in content


def test_index_of_nothing():
    assert "Nothing ran" in index([], {}, ORIGIN)
