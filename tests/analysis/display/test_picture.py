import io
import json

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from lightning_v2.analysis.display.figure_data import DATA_TYPE, unbundle
from lightning_v2.analysis.display.picture import DARK, LIGHT, Picture

DATA = {"line": pd.DataFrame({"time_s": [0.0, 1.0]}), "map": {"level_db": np.eye(2)}}


def picture():
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1], color="#009e73", label="x")
    axes.legend()
    axes.set_title("a title")
    return Picture(figure, alt='a "line" <rising>', caption="emulated, fast tier", data=DATA)


def corner(data):
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))[2, 2]


def test_light_and_dark_paper():
    drawn = picture()
    assert corner(drawn.image(LIGHT)).min() > 250
    assert corner(drawn.image(DARK)).max() < 40
    assert corner(drawn.image(LIGHT)).min() > 250


def test_shows_itself_with_words():
    html = picture()._repr_mimebundle_()["text/html"]
    assert 'alt="a &quot;line&quot; &lt;rising&gt;"' in html
    assert "<figcaption>emulated, fast tier</figcaption>" in html
    assert "prefers-color-scheme: dark" in html
    assert "http" not in html


def test_carries_what_it_draws():
    stored = json.loads(json.dumps(picture()._repr_mimebundle_()[DATA_TYPE]))
    files = unbundle(stored)
    assert files["line.csv"] == b"time_s\n0.0\n1.0\n"
    assert np.array_equal(np.load(io.BytesIO(files["map.npz"]))["level_db"], np.eye(2))


def test_saves_a_file(tmp_path):
    picture().save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (396, 264)
