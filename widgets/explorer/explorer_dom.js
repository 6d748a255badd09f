// What the parts of an explorer share.

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
};

// Sets what is another value by now: a browser lays out a table anew even for the same text.
const put = (node, values) => {
  for (const [name, value] of Object.entries(values)) if (node[name] !== value) node[name] = value;
};

let labels = 0;
// A control with its description; `wide` lets it take what room there is.
const labelled = (text, control, wide = false) => {
  control.id ||= `explorer-${(labels += 1)}-${Math.random().toString(36).slice(2)}`;
  return element("div", { class: wide ? "ex-field ex-wide" : "ex-field" }, element("label", { for: control.id }, text), control);
};

const options = (select, values, chosen) => {
  select.replaceChildren(...values.map(([value, text]) => element("option", { value }, text)));
  select.value = chosen;
};

// Calls `show` now and after every change of the named traits; returns what ends that.
const follow = (model, names, show) => {
  const events = names.map((name) => `change:${name}`);
  for (const event of events) model.on(event, show);
  show();
  return () => {
    for (const event of events) model.off(event, show);
  };
};

// Marks an output that does not belong to the state of now; while somebody computes, one that does is on its way.
const markStale = (place, content, current, live) => {
  const stale = Boolean(content?.key) && Boolean(current) && content.key !== current;
  place.classList.toggle("ex-stale", stale);
  place.setAttribute("aria-busy", String(stale && live));
  return stale;
};
