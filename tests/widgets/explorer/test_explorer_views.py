"""Pictures and errors of a comparison, as the explorer shows them."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lightning_v2.analysis.metrics import audio_metrics
from tests.widgets.explorer.opened import WAIT_S, part, send
from widgets.explorer import explorer_drawing as drawing
from widgets.explorer import explorer_views as views
from widgets.player.wav import read_wav_base64


def test_pictures_have_words_and_the_size_of_what_they_show(explorer):
    board = part(explorer, "ExplorerBoard")
    pictures = [p for view in (board.sound, board.measures, board.layers) for p in view["pictures"]]
    assert len(pictures) == 5
    assert all(len(picture["alt"]) > 40 and picture["title"] for picture in pictures)
    phase = explorer.comparison.phase
    shown = Image.open(io.BytesIO(base64.b64decode(board.measures["pictures"][0]["png"])))
    assert shown.size[0] == phase.radians.shape[1]
    # Low frequencies are at the bottom, two bins to a row; what is not known is transparent.
    known = np.pad(np.isfinite(phase.radians), ((0, 1), (0, 0))).reshape(shown.size[1], 2, -1)
    alpha = np.asarray(shown.convert("RGBA"))[::-1, :, 3]
    assert ((alpha > 0) == known.any(axis=1)).all()


def test_the_largest_of_the_bins_that_share_a_row_counts():
    values = np.zeros((520, 1))
    values[10], values[11], values[20], values[21:24] = -3.0, 2.0, np.nan, np.nan
    pooled = drawing.pooled(values)
    assert pooled.shape == (260, 1)
    assert pooled[5, 0] == -3.0
    assert np.isnan(pooled[11, 0]) and np.isnan(pooled[10, 0])
    assert np.count_nonzero(pooled) == 3


def test_errors_stand_beside_their_sites(explorer):
    errors = part(explorer, "SiteTable").errors["db"]
    row = explorer.comparison.layers.set_index("site").loc["decoder.input"]
    assert errors["decoder.input"] == [
        pytest.approx(row["isolated_sqnr_db"], abs=0.051),
        pytest.approx(row["accumulated_sqnr_db"], abs=0.051),
    ]


def test_the_table_tells_what_became_of_values(explorer):
    send(explorer, "set", fields={"base": "naive"})
    explorer.session.wait(WAIT_S)
    errors = part(explorer, "SiteTable").errors
    layers = explorer.comparison.layers.set_index("site")
    site = layers["activations_flushed_percent"].idxmax()
    assert errors["flushed"][site] == round(layers["activations_flushed_percent"][site], 1) > 10
    assert errors["broken"] == {}
    assert errors["values"].startswith("all values of all sites are finite")
    assert f"of the activations of {site} to zero" in errors["values"]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_broken_candidate_is_shown_as_such(explorer, value):
    whole = explorer.session.wait(WAIT_S)
    wave, layers = whole.candidate.waveform.copy(), whole.layers.copy()
    wave[4000] = value
    layers.loc[7, "infinite"] = 2
    candidate = replace(whole.candidate, waveform=wave)
    metrics, phase = audio_metrics.measure(whole.reference, candidate)
    result = replace(whole, candidate=candidate, metrics=metrics, phase=phase, layers=layers)
    for view in (views.sound, views.measures, views.layers, views.errors):
        json.dumps(view(result), allow_nan=False)  # a browser knows no NaN
    site = layers["site"][7]
    assert views.errors(result)["broken"] == {site: "2 infinite"}
    assert views.errors(result)["values"].startswith(f"not finite from {site}")
    _, clip, difference = views.clips(result)
    assert "not finite or far too large, and silent: 1 samples" in clip.words
    played, _ = read_wav_base64(clip.state()["wav"])
    assert played[4000] == 0
    assert np.isfinite(difference.waveform).all()
