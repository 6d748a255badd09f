// Clips as marks of a chart: a panel a part, a group a column, a mark a clip. Marks are buttons, and are heard.

const CHART_TICKS = [0.1, 1, 10];

// A chart of the trait `chart`; `choose` is told the clip of a mark. Without one nothing is drawn.
const makeChart = (model, choose) => {
  const { panels = [], series = [], range = [0.1, 10], limit = 1, axis = "", caption = "" } = model.get("chart") ?? {};
  const root = element("figure", { class: "ab-chart" });
  root.hidden = !panels.length;
  const marks = new Map();

  const heightOf = (value) => {
    const [low, high] = range;
    if (value === null) return 100;
    return Math.min(Math.max((100 * Math.log(value / low)) / Math.log(high / low), 0), 100);
  };
  const markOf = (panel, { clip, column, series: place, colour, value, kept, words }) => {
    const width = 100 / panel.columns.length;
    const each = (0.84 * width) / panel.series;
    const at = column * width + 0.08 * width + place * each;
    const height = heightOf(value > 0 || value === null ? value : range[0]);
    const mark = element(
      "button",
      {
        type: "button", class: "ab-mark", title: words, "aria-label": `${words}${kept ? "" : ", broken"}`, tabindex: "-1",
        "data-kept": kept, style: `left:${at}%;width:${each}%;--tone:${colour};--height:${height}%`,
      },
      element("span", { "aria-hidden": "true" }, kept ? "" : "✕"),
    );
    mark.addEventListener("click", () => choose(clip));
    marks.set(clip, mark);
    return mark;
  };
  const panelOf = (panel) =>
    element(
      "section",
      { class: "ab-panel", role: "group", "aria-label": panel.title },
      element("h4", {}, panel.title, " ", element("small", {}, panel.small)),
      element(
        "div",
        { class: "ab-field" },
        ...CHART_TICKS.filter((tick) => tick > range[0] && tick < range[1]).map((tick) =>
          element(
            "span",
            { class: tick === limit ? "ab-line ab-limit" : "ab-line", style: `bottom:${heightOf(tick)}%`, "aria-hidden": "true" },
            tick === limit ? "limit" : String(tick),
          ),
        ),
        ...panel.marks.map((mark) => markOf(panel, mark)),
      ),
      element("div", { class: "ab-columns", "aria-hidden": "true" }, ...panel.columns.map((name) => element("span", {}, name))),
    );

  root.append(
    element(
      "div",
      { class: "ab-legend" },
      element("span", {}, axis),
      ...series.map(({ name, colour }) =>
        element("span", {}, element("span", { class: "ab-dot", style: `background:${colour}`, "aria-hidden": "true" }), name),
      ),
      element("span", {}, "✕ beyond the limit"),
    ),
    element("div", { class: "ab-panels" }, ...panels.map(panelOf)),
    element("figcaption", {}, caption),
  );

  // One of the marks is reached by Tab, the others by the arrows of the player.
  const select = (clip) => {
    const chosen = marks.get(clip) ?? marks.values().next().value;
    for (const mark of marks.values()) {
      mark.setAttribute("aria-pressed", String(mark === marks.get(clip)));
      mark.tabIndex = mark === chosen ? 0 : -1;
    }
    if (root.contains(document.activeElement)) marks.get(clip)?.focus({ preventScroll: true });
  };
  return { root, select, has: (clip) => marks.has(clip) };
};
