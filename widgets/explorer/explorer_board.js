// Cards and pictures of a result. Every part says when it belongs to a state that has passed.

const SVG = "http://www.w3.org/2000/svg";
const shape = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

// A drawing 1000 wide, stretched over its place; lines keep their width.
const drawing = (height, alt) =>
  shape("svg", { viewBox: `0 0 1000 ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": alt, class: "ex-plot" });

const ticks = ({ ticks: places, label }, side) =>
  element(
    "div",
    { class: `ex-ticks ex-${side}`, "aria-hidden": "true" },
    ...places.map(([at, text]) => element("span", { style: `--at:${100 * at}%` }, text)),
    element("em", {}, label),
  );

const scaleOf = ({ label, colours, ends }) =>
  element(
    "div",
    { class: "ex-scale", "aria-hidden": "true" },
    element("span", {}, ends[0]),
    element("i", { style: `background:linear-gradient(90deg,${colours})` }),
    element("span", {}, ends[1]),
    element("em", {}, label),
  );

const map = ({ png, alt, x, y, scale }) => [
  element(
    "div",
    { class: "ex-frame" },
    ticks(y, "left"),
    element("img", { class: "ex-plot", src: `data:image/png;base64,${png}`, alt }),
    ticks(x, "below"),
  ),
  scaleOf(scale),
];

const waves = ({ alt, x, traces }) => {
  const height = 100 * traces.length;
  const svg = drawing(height, alt);
  traces.forEach(({ colour, low, high }, row) => {
    const [middle, step] = [100 * row + 50, 1000 / low.length];
    const place = (values) => values.map((value, at) => `${(at * step).toFixed(1)},${(middle - 46 * value).toFixed(1)}`);
    svg.append(
      shape("line", { x1: 0, x2: 1000, y1: middle, y2: middle, class: "ex-axis" }),
      shape("polygon", { points: [...place(high), ...place(low).reverse()].join(" "), fill: colour, stroke: colour, class: "ex-wave" }),
    );
  });
  const names = traces.map(({ label, colour, peak }) =>
    element("span", {}, element("b", { style: `background:${colour}` }), `${label} (peak ${peak} of full scale)`),
  );
  return [
    element("div", { class: "ex-frame" }, element("div", { class: "ex-ticks ex-left" }), svg, ticks(x, "below")),
    element("div", { class: "ex-legend", "aria-hidden": "true" }, ...names),
  ];
};

const lines = ({ alt, x, y, zero, traces }) => {
  const svg = drawing(160, alt);
  if (zero !== undefined) svg.append(shape("line", { x1: 0, x2: 1000, y1: 160 * (1 - zero), y2: 160 * (1 - zero), class: "ex-axis" }));
  for (const { colour, points } of traces) {
    let path = "";
    points.forEach((point, at) => {
      if (point) path += `${points[at - 1] ? "L" : "M"}${(1000 * point[0]).toFixed(1)} ${(160 * (1 - point[1])).toFixed(1)}`;
    });
    svg.append(shape("path", { d: path, stroke: colour, class: "ex-curve" }));
  }
  const names = traces.map(({ label, colour }) => element("span", {}, element("b", { style: `background:${colour}` }), label));
  return [
    element("div", { class: "ex-frame" }, ticks(y, "left"), svg, ticks(x, "below")),
    ...(traces.length > 1 ? [element("div", { class: "ex-legend", "aria-hidden": "true" }, ...names)] : []),
  ];
};

const bars = ({ alt, x, y, colour, bars: all }) => {
  const svg = drawing(160, alt);
  const width = 1000 / all.length;
  svg.append(shape("line", { x1: 0, x2: 1000, y1: 80, y2: 80, class: "ex-axis" }));
  all.forEach(({ words, share }, at) => {
    const height = 80 * Math.abs(share);
    const bar = shape("rect", { x: (at + 0.1) * width, y: share > 0 ? 80 - height : 80, width: 0.8 * width, height, fill: colour });
    const title = shape("title", {});
    title.textContent = words;
    bar.append(title);
    svg.append(bar);
  });
  return [element("div", { class: "ex-frame" }, ticks(y, "left"), svg, ticks(x, "below"))];
};

const heat = ({ alt, sites, rooms, rows, scale }, choose) => {
  const svg = drawing(40 * rows.length, alt);
  const width = 1000 / sites.length;
  rows.forEach(({ label, colours, db }, row) => {
    colours.forEach((colour, at) => {
      const cell = shape("rect", { x: at * width, y: 40 * row, width, height: 39, fill: colour ?? "none", class: choose ? "ex-cell ex-to" : "ex-cell" });
      const known = db[at] === null ? "not run" : typeof db[at] === "number" ? `${db[at]} dB` : db[at];
      const title = shape("title", {});
      title.textContent = `${sites[at]}, ${label}: ${known}`;
      cell.append(title);
      if (choose) cell.addEventListener("click", () => choose(sites[at]));
      svg.append(cell);
    });
  });
  const names = rows.map(({ label }, row) => element("span", { style: `--at:${(100 * (row + 0.5)) / rows.length}%` }, label));
  let start = 0;
  const parts = rooms.map(([room, share]) => {
    const made = element("span", { style: `left:${100 * start}%;width:${100 * share}%`, title: room }, share < 0.03 ? "" : room);
    start += share;
    return made;
  });
  return [
    element(
      "div",
      { class: "ex-frame ex-heat" },
      element("div", { class: "ex-ticks ex-left", "aria-hidden": "true" }, ...names),
      svg,
      element("div", { class: "ex-ticks ex-rooms", "aria-hidden": "true" }, ...parts),
    ),
    scaleOf(scale),
  ];
};

const KINDS = { map, waves, lines, bars, heat };
const picture = (content, choose) =>
  element("figure", { class: `ex-picture ex-${content.kind}` }, element("figcaption", {}, content.title), ...KINDS[content.kind](content, choose));

const card = ({ label, value, unit, bound, holds, hears, deaf }) => {
  const words = holds === null ? "" : holds ? "kept" : "broken";
  return element(
    "div",
    { class: `ex-card ex-${words || "free"}`, title: `hears ${hears}; deaf to ${deaf}` },
    element("dt", {}, label),
    element("dd", {}, element("strong", {}, value), ` ${unit}`, element("small", {}, bound ? `bound ${bound}: ${words}` : "no bound")),
  );
};

const measures = ({ cards, glance }) => [
  element("dl", { class: "ex-cards" }, ...cards.slice(0, glance).map(card)),
  element("details", {}, element("summary", {}, `${cards.length - glance} more measures`), element("dl", { class: "ex-cards" }, ...cards.slice(glance).map(card))),
];

const draw = ({ model, el, live, send }) => {
  const root = element("section", { class: "explorer ex-board", "aria-label": "Measures and pictures" });
  el.append(root);
  const choose = live ? (site) => send("focus", { site }) : null;
  const places = {};
  for (const name of ["measures", "sound", "layers"]) {
    const words = element("p", { class: "ex-of" });
    const inside = element("div", { class: "ex-inside" });
    places[name] = { place: element("div", { class: `ex-part ex-${name}` }, words, inside), words, inside, drawn: null };
    root.append(places[name].place);
  }

  const show = () => {
    const current = model.get("current");
    for (const [name, part] of Object.entries(places)) {
      const content = model.get(name);
      if (!content?.key) continue;
      if (part.drawn !== content) {
        // Folded or unfolded stays as it was.
        const open = part.inside.querySelector("details")?.open ?? false;
        part.inside.replaceChildren(
          ...(content.cards ? measures(content) : []),
          element("div", { class: "ex-pictures" }, ...content.pictures.map((one) => picture(one, choose))),
        );
        const folded = part.inside.querySelector("details");
        if (folded) folded.open = open;
        part.drawn = content;
        part.place.dataset.key = content.key;
      }
      const stale = markStale(part.place, content, current, live);
      part.words.textContent = `${stale ? "out of date: " : ""}${content.words}`;
    }
    root.dataset.current = current;
  };
  const end = follow(model, ["current", ...Object.keys(places)], show);
  root.dataset.ready = "true";
  return end;
};

export default part(draw);
