// A part of an explorer, drawn anew when its kernel is gone: then there is nothing to change, and it says so.

// Without a kernel nobody can compute anything: what is there can only be looked at.
const STORED = "A stored page: run its notebook to change anything.";

// draw({ model, el, live, send, words }) returns what ends it. words: why nothing can be changed, if so.
const part = (draw) => ({
  render({ model, el }) {
    const show = (live, words) => {
      const send = live ? (kind, content = {}) => model.send({ kind, ...content }) : () => {};
      return draw({ model, el, live, send, words });
    };
    let end = isStored(model) ? show(false, STORED) : show(true, "");
    const unwatch = watchKernel(model, el, () => {
      end();
      el.replaceChildren();
      end = show(false, KERNEL_GONE);
    });
    return () => {
      unwatch();
      end();
    };
  },
});
