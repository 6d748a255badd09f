// Whether a kernel answers. A stored page has none; a notebook may lose its own while it is looked at.

const KERNEL_GONE = "Kernel gone: run the cell again.";

const isStored = (model) => typeof model.send !== "function";

// Calls `gone` once, when the kernel of a widget is gone or was so before; returns what ends the watch.
// Jupyter marks widgets whose kernel somebody restarts; one that dies by itself shows in its status alone.
const watchKernel = (model, el, gone) => {
  if (isStored(model)) return () => {};
  const kernel = model.widget_manager?.kernel;
  let told = false;
  const tell = () => {
    if (told) return;
    told = true;
    end();
    gone();
  };
  const look = () => el.closest(".jupyter-widgets-disconnected") && tell();
  const hear = (_, status) => ["restarting", "autorestarting", "terminating", "dead"].includes(status) && tell();
  const end = () => {
    model.off("comm_live_update", look);
    kernel?.statusChanged?.disconnect(hear);
    kernel?.disposed?.disconnect(tell);
  };
  model.on("comm_live_update", look);
  kernel?.statusChanged?.connect(hear);
  kernel?.disposed?.connect(tell);
  look();
  return end;
};
