// Time from left to right: ticks, a playhead, a loop. A pointer seeks or drags out a loop; keys do the same.

const FAR_PX = 5; // a pointer that moves less than this is a click
const STEP_S = 0.1;
const ROOM_PX = 70; // between two ticks
const CALM_MS = 250; // between two positions of the playhead, where motion is not wanted

const TIME_KEYS = [
  ["space", "play, stop"],
  ["[ and ]", "start and end of the loop, here"],
  ["L", "loop on, off"],
  ["Esc", "no loop"],
];

// Numbers from 0 to most, as many as there is room for, on round steps.
const ticks = (most, atMost) => {
  const raw = most / Math.max(atMost, 1);
  const decade = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((round) => round >= raw * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) => ({
    value: index * step,
    label: (index * step).toFixed(digits),
  }));
};

// `changed` is called when the deck starts or stops.
const makeTimeline = (deck, pictures, changed) => {
  const seek = element("input", {
    type: "range", class: "ab-seek", min: 0, step: 0.01, value: 0, "aria-label": "Position in seconds",
  });
  const head = element("span", { class: "ab-head", "aria-hidden": "true" });
  const band = element("span", { class: "ab-region", "aria-hidden": "true" });
  const plot = element("div", { class: "ab-plot" }, ...pictures, band, head, seek);
  const scale = element("div", { class: "ab-seconds", "aria-hidden": "true" });
  const time = element("span", { class: "ab-time" });
  const looped = element("input", { type: "checkbox", class: "ab-loop", "aria-keyshortcuts": "L" });
  const span = element("span", { class: "ab-span" });
  const loopSwitch = element("label", { class: "ab-switch" }, looped, "loop", span);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let next = 0;

  const share = (seconds) => (deck.duration ? (100 * seconds) / deck.duration : 0);
  const showBand = (from, to) => {
    band.style.left = `${share(from)}%`;
    band.style.width = `${share(to - from)}%`;
  };
  const showPosition = () => {
    const position = deck.position;
    head.style.left = `${share(position)}%`;
    time.textContent = `${position.toFixed(2)} / ${deck.duration.toFixed(2)} s`;
    seek.value = position;
    seek.setAttribute("aria-valuetext", `${position.toFixed(2)} seconds`);
  };
  const halt = () => (cancelAnimationFrame(next), clearTimeout(next));
  const tick = () => {
    showPosition();
    if (deck.playing) next = still.matches ? setTimeout(tick, CALM_MS) : requestAnimationFrame(tick);
  };
  const showScale = () => {
    seek.max = deck.duration;
    if (!deck.duration) return;
    scale.replaceChildren(
      ...ticks(deck.duration, plot.clientWidth / ROOM_PX).map(({ value, label }) =>
        element("span", { style: `left:${share(value)}%`, "data-last": share(value) > 95 }, `${label} s`),
      ),
    );
  };
  const show = () => {
    const [from, to] = deck.span;
    band.hidden = !deck.region;
    band.dataset.on = deck.looping;
    showBand(from, to);
    looped.checked = deck.looping;
    span.textContent = deck.region ? `${from.toFixed(2)}–${to.toFixed(2)} s` : "";
    halt();
    tick();
    changed();
  };
  deck.onchange = show;

  const goTo = async (seconds) => {
    const [from, to] = deck.span;
    if (deck.looping && (seconds < from || seconds >= to)) await deck.setLooping(false);
    await deck.seek(seconds);
  };
  const secondsAt = ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    return deck.duration * Math.min(Math.max((clientX - box.left) / box.width, 0), 1);
  };
  let down = null;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    down = { x: event.clientX, seconds: secondsAt(event), dragged: false };
    plot.setPointerCapture(event.pointerId);
    seek.focus({ preventScroll: true });
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => {
    if (!down) return;
    down.dragged ||= Math.abs(event.clientX - down.x) > FAR_PX;
    if (!down.dragged) return;
    const ends = [down.seconds, secondsAt(event)];
    band.hidden = false;
    showBand(Math.min(...ends), Math.max(...ends));
  });
  plot.addEventListener("pointerup", (event) => {
    if (!down) return;
    const { seconds, dragged } = down;
    down = null;
    if (!dragged) goTo(seconds);
    else if (deck.inside(seconds, secondsAt(event))) deck.loop([seconds, secondsAt(event)]);
    else show();
  });
  plot.addEventListener("pointercancel", () => {
    down = null;
    show();
  });
  seek.addEventListener("input", () => goTo(Number(seek.value)));
  looped.addEventListener("change", () => deck.setLooping(looped.checked));

  const startLoop = () => deck.loop([deck.position, deck.region?.[1] > deck.position ? deck.region[1] : deck.duration]);
  const endLoop = () => deck.loop([deck.region?.[0] < deck.position ? deck.region[0] : 0, deck.position]);
  // Whether a key meant something here.
  const onKey = (event) => {
    if (event.key === "[") startLoop();
    else if (event.key === "]") endLoop();
    else if (event.key.toLowerCase() === "l") deck.setLooping(!deck.looping);
    else if (event.key === "Escape" && deck.region) deck.loop(null);
    else return false;
    return true;
  };
  const move = (seconds) => goTo(deck.position + seconds);

  return { plot, scale, time, loopSwitch, show, showScale, onKey, move, halt };
};

// Keys that a control inside the widget has its own use for.
const belongsToControl = ({ key, target }) =>
  (key === " " && target.matches("input[type=checkbox], summary, a")) ||
  (key === "Enter" && target.matches("button:not(.abx-choice), a, summary")) ||
  (key.startsWith("Arrow") && target.matches("input[type=range]:not(.ab-seek)"));

// `handle` says whether it has understood a key; what was understood must not reach the notebook around it.
const listenToKeys = (root, handle) => {
  root.addEventListener("keydown", (event) => {
    const typed = event.getModifierState("AltGraph"); // [ and ] on many keyboards
    if ((event.ctrlKey || event.metaKey || event.altKey) && !typed && !"[]".includes(event.key)) return;
    if (belongsToControl(event)) return event.stopPropagation();
    if (!handle(event)) return;
    event.stopPropagation();
    event.preventDefault();
  });
  root.addEventListener("keyup", (event) => {
    // Or the focused button would be pressed as well.
    if (event.key === " " && event.target.matches("button")) event.preventDefault();
  });
};

const keyHelp = (pairs) =>
  element(
    "dl",
    { class: "ab-keys" },
    ...pairs.map(([key, meaning]) => element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, meaning))),
  );
