"""A widget in a page without a kernel: the same ESM, a model that only remembers."""

import base64
import json
from itertools import count
from string import Template

from lightning_v2.errors import ArgumentError

_NUMBERS = count(1)

_PAGE = Template(
    """<div id="$id" class="static-widget"></div>
<style>$css</style>
<script type="module">
import widget from "data:text/javascript;base64,$esm";
const state = $state;
const listeners = {};
const model = {
  get: (name) => state[name],
  set: (name, value) => {
    state[name] = value;
    for (const listener of listeners[`change:$${name}`] ?? []) listener();
  },
  save_changes: () => {},
  on: (event, listener) => (listeners[event] ??= []).push(listener),
  off: (event, listener) => {
    listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener);
  },
};
const el = document.getElementById("$id");
el.model = model; // for whoever wants to steer the widget from its page
widget.render({ model, el });
</script>"""
)


def widget_html(state: dict) -> str:
    """HTML that shows an anywidget from its saved state, with no request to anywhere.

    Args:
        state: as `widget.get_state()` or as a notebook stores it: `_esm`, `_css` and JSON values.

    Raises:
        ArgumentError: the state has no `_esm`: not an anywidget.
    """
    if "_esm" not in state:
        raise ArgumentError(
            f"only anywidgets can be shown without a kernel, not {state.get('_model_name')}"
        )
    values = {name: value for name, value in state.items() if not name.startswith("_")}
    return _PAGE.substitute(
        id=f"widget-{next(_NUMBERS)}",
        css=state.get("_css", ""),
        esm=base64.b64encode(state["_esm"].encode()).decode("ascii"),
        # "</script>" inside a string would end the script.
        state=json.dumps(_plain(values)).replace("<", "\\u003c"),
    )


def _plain(values: dict) -> dict:
    """Without what only a kernel needs: references to other models."""
    return {
        name: value
        for name, value in values.items()
        if not (isinstance(value, str) and value.startswith("IPY_MODEL_"))
    }
