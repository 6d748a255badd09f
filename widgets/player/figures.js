// Measures beside the sound that they belong to.

const figureOf = ({ label, value, unit, bound, holds }) => {
  const verdict = holds === null ? "" : holds ? "kept" : "broken";
  const limit = bound ? `${bound} ${verdict}` : "no limit";
  return element(
    "div",
    { class: `ab-figure ab-${verdict || "free"}`, title: `${label}: ${value} ${unit}; limit ${limit}` },
    element("dt", {}, label),
    element("dd", {}, element("strong", {}, value), ` ${unit}`, element("small", {}, `${limit}${verdict === "broken" ? " ✗" : ""}`)),
  );
};

// A strip that follows the trait `figures`; returns it and what shows it again.
const makeFigures = (model) => {
  const strip = element("dl", { class: "ab-figures" });
  const show = () => {
    const { words = "", stale = false, cells = [] } = model.get("figures") ?? {};
    strip.hidden = !cells.length;
    strip.title = words;
    strip.classList.toggle("ab-old", stale);
    strip.setAttribute("aria-label", `${stale ? "out of date: " : ""}measures of ${words}`);
    strip.replaceChildren(...cells.map(figureOf));
  };
  return { strip, show };
};
