"""Widgets in a page whose kernel's side is this process."""

import base64
import json

from tests.browser.players import SHELL

# As an anywidget has it. Every widget is an output of its own, as in a cell of a JupyterLab.
PAGE = """
async (widgets) => {
  const signal = () => {
    const slots = new Set();
    return {
      connect: (slot) => slots.add(slot),
      disconnect: (slot) => slots.delete(slot),
      emit: (value) => [...slots].forEach((slot) => slot(null, value)),
      get count() { return slots.size; },
    };
  };
  const kernel = { statusChanged: signal(), disposed: signal() };
  const area = document.createElement("div");
  area.className = "jp-OutputArea";
  document.body.append(area);
  window.kernel = kernel;
  window.saved = [];
  window.change = {};
  for (const [name, { state, esm, css }] of Object.entries(widgets)) {
    const listeners = {};
    const tell = (event, ...values) => {
      for (const hear of [...(listeners[event] ?? [])]) hear(...values);
    };
    const bytes = (text) => new DataView(
      Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
    const model = {
      get: (trait) => state[trait],
      set: (trait, value) => { state[trait] = value; tell(`change:${trait}`); },
      save_changes: () => window.saved.push(name),
      on: (event, listener) => (listeners[event] ??= []).push(listener),
      off: (event, listener) => {
        listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener);
      },
      send: async (message) => {
        for (const { content, buffers } of await toKernel(name, message))
          tell("msg:custom", content, buffers.map(bytes));
      },
      widget_manager: { kernel },
    };
    window.change[name] = (traits) => {
      Object.assign(state, traits);
      for (const trait of Object.keys(traits)) tell(`change:${trait}`);
    };
    const style = document.createElement("style");
    style.textContent = css;
    const el = document.createElement("div");
    el.className = "jp-OutputArea-child";
    document.head.append(style);
    area.append(el);
    const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
    const { default: widget } = await import(url);
    await widget.render({ model, el });
  }
}
"""
STYLE = (
    "<style>:root { color-scheme: light dark } body { margin: 0 }"
    ".jp-OutputArea-child { overflow: hidden }</style>"
)


class KernelSide:
    """An open page of widgets, and the widgets.

    Attributes:
        page: of Playwright.
        sent: (name of the widget, content) of every message, in order.
    """

    def __init__(self, seen, widgets):
        self.page, self.sent, self._widgets = seen.page, [], dict(widgets)
        self._shown, self._answers = {}, []
        self.page.expose_function("toKernel", self._receive)
        parts = {}
        for name, widget in self._widgets.items():
            state = widget.get_state()
            parts[name] = {
                "state": _values(state),
                "esm": str(state["_esm"]),
                "css": str(state.get("_css", "")),
            }
            self._shown[name] = parts[name]["state"]
            widget.send = self._answer
        self.page.evaluate(PAGE, parts)

    def _receive(self, name, content):
        self.sent.append((name, content))
        self._answers.clear()
        self._widgets[name]._handle_custom_msg(content, [])
        return json.loads(json.dumps(self._answers))

    def _answer(self, content, buffers=()):
        encoded = [base64.b64encode(buffer).decode() for buffer in buffers]
        self._answers.append({"content": content, "buffers": encoded})

    def show(self):
        """Bring the page up to date, as a kernel does by itself."""
        for name, widget in self._widgets.items():
            now, before = _values(widget.get_state()), self._shown[name]
            changed = {trait: value for trait, value in now.items() if before[trait] != value}
            if changed:
                self._shown[name] = now
                self.page.evaluate("([name, traits]) => change[name](traits)", [name, changed])

    def lose(self, status="autorestarting"):
        """The kernel dies."""
        self.page.evaluate("(status) => kernel.statusChanged.emit(status)", status)


def open_page(visit, folder, **options):
    """An empty page for widgets."""
    path = folder / "live.html"
    path.write_text(SHELL + STYLE)
    return visit(path, **options)


def _values(state):
    """What a browser gets, as JSON has it."""
    own = {name: value for name, value in state.items() if not name.startswith("_")}
    return json.loads(json.dumps({n: v for n, v in own.items() if n not in ("layout", "tooltip")}))
