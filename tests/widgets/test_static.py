import base64
import json
import re

import numpy as np
import pytest

from widgets import ABPlayer, Clip
from widgets.static import widget_html


def player(label="a"):
    return ABPlayer([Clip(label, np.zeros(10, np.float32), 24000)])


def test_holds_the_same_source_and_the_state():
    widget = player()
    page = widget_html(widget.get_state())
    source = re.search(r'from "data:text/javascript;base64,([^"]+)"', page).group(1)
    assert base64.b64decode(source).decode() == str(widget._esm)
    state = json.loads(re.search(r"const state = (.*);", page).group(1))
    assert state["clips"] == widget.get_state()["clips"]
    assert "layout" not in state


def test_names_no_address():
    page = widget_html(player().get_state())
    assert not re.findall(r"https?://", page)


def test_a_script_in_a_label_stays_text():
    page = widget_html(player("</script><script>alert(1)</script>").get_state())
    assert page.count("</script>") == 1


def test_two_widgets_do_not_share_a_place():
    ids = {re.search(r'id="([^"]+)"', widget_html(player().get_state())).group(1) for _ in range(2)}
    assert len(ids) == 2


def test_other_widgets_are_refused():
    with pytest.raises(ValueError, match=r"only anywidgets.*IntSliderModel"):
        widget_html({"_model_name": "IntSliderModel"})
