// Pictures of a sound, as it is played, gain included: a waveform and a spectrogram on fixed scales.

const WINDOW = 1024;
const HOP = 256;
const MOST_FRAMES = 1600;
const LEVELS_DBFS = [-100, -20];
// 33 points of cividis (Nuñez, Anderton and Renslow, PLoS ONE 13(7), 2018), straight lines between them.
const CIVIDIS = `
  00224e 00285b 002e6a 043371 1a386f 273e6e 32436d 3b496c 434e6c 4b546c 52596d
  5a5f6e 61656f 686a71 6f7073 757676 7c7b78 848179 8b8778 938d78 9b9376 a39a75
  aba072 b3a670 bbad6c c3b469 ccba64 d4c15f ddc958 e6d051 efd748 f8df3c fee838
`
  .trim()
  .split(/\s+/)
  .map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));

// Colour of a share from 0 to 1.
const cividis = (share) => {
  const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
  const index = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[index].map((low, channel) => Math.round(low + (place - index) * (CIVIDIS[index + 1][channel] - low)));
};

// In place, radix 2.
const fft = (real, imaginary) => {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [real[i], real[j], imaginary[i], imaginary[j]] = [real[j], real[i], imaginary[j], imaginary[i]];
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const cosine = Math.cos((Math.PI * k) / half);
      const sine = -Math.sin((Math.PI * k) / half);
      for (let a = k; a < size; a += 2 * half) {
        const b = a + half;
        const re = real[b] * cosine - imaginary[b] * sine;
        const im = real[b] * sine + imaginary[b] * cosine;
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
};

// Levels in dBFS, bin by bin of one frame after the other: a sine of full scale reads 0 (periodic Hann window).
const spectrogram = (samples) => {
  const hop = Math.max(HOP, Math.ceil(samples.length / MOST_FRAMES));
  const frames = Math.ceil(samples.length / hop);
  const bins = WINDOW / 2 + 1;
  const taper = Float64Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW));
  const levels = new Float32Array(frames * bins);
  const [real, imaginary] = [new Float64Array(WINDOW), new Float64Array(WINDOW)];
  for (let frame = 0; frame < frames; frame++) {
    const start = frame * hop - WINDOW / 2; // in the middle of its window
    for (let n = 0; n < WINDOW; n++) real[n] = taper[n] * (samples[start + n] ?? 0);
    imaginary.fill(0);
    fft(real, imaginary);
    for (let bin = 0; bin < bins; bin++) {
      const size = Math.hypot(real[bin], imaginary[bin]) * (4 / WINDOW);
      levels[frame * bins + bin] = decibels(Math.max(size, 1e-10));
    }
  }
  return { levels, frames, bins, hop };
};

// A canvas as sharp as the screen; null while it is not shown.
const inkOf = (canvas) => {
  const ratio = globalThis.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (!width || !height) return null;
  Object.assign(canvas, { width, height });
  return { ink: canvas.getContext("2d"), width, height, ratio };
};

// `full` is the amplitude at the upper edge; all clips of a player share it: what looks larger is louder.
const drawWave = (canvas, samples, { colour, gain, full, total }) => {
  const paper = inkOf(canvas);
  if (!paper) return;
  const { ink, width, height, ratio } = paper;
  ink.fillStyle = colour;
  const perPixel = total / width;
  for (let x = 0; x < width && x * perPixel < samples.length; x++) {
    let low = 0;
    let high = 0;
    for (let n = Math.floor(x * perPixel); n < Math.min((x + 1) * perPixel, samples.length); n++) {
      low = Math.min(low, samples[n]);
      high = Math.max(high, samples[n]);
    }
    const top = ((1 - (high * gain) / full) / 2) * height;
    const bottom = ((1 - (low * gain) / full) / 2) * height;
    ink.fillRect(x, top, 1, Math.max(bottom - top, ratio));
  }
};

const drawSpectrogram = (canvas, { levels, frames, bins, hop }, { gain, total }) => {
  const paper = inkOf(canvas);
  if (!paper || !frames) return;
  const { ink, width, height } = paper;
  const [low, high] = LEVELS_DBFS;
  const shift = decibels(gain);
  const image = new ImageData(frames, bins);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = Array.from({ length: 256 }, (_, index) => {
    const [red, green, blue] = cividis(index / 255);
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
  for (let frame = 0; frame < frames; frame++) {
    for (let bin = 0; bin < bins; bin++) {
      const share = (levels[frame * bins + bin] + shift - low) / (high - low);
      pixels[(bins - 1 - bin) * frames + frame] = colours[Math.round(255 * Math.min(Math.max(share, 0), 1))];
    }
  }
  const source = new OffscreenCanvas(frames, bins);
  source.getContext("2d").putImageData(image, 0, 0);
  ink.fillStyle = `rgb(${cividis(0).join(" ")})`;
  ink.fillRect(0, 0, width, height);
  // A frame is what was heard around its middle.
  ink.drawImage(source, (-hop / 2 / total) * width, 0, ((frames * hop) / total) * width, height);
};

// Labels along the left edge, in percent of the height; the last one names the unit.
const leftAxis = (kind, marks, unit = "") =>
  element(
    "div",
    { class: `ab-axis ${kind}`, "aria-hidden": "true" },
    ...marks.map(({ at, label }, index) =>
      element("span", { style: `bottom:${at}%` }, label + (index === marks.length - 1 ? unit : "")),
    ),
  );

const kilohertz = (most) =>
  leftAxis("ab-kilohertz", ticks(most, 4).map(({ value, label }) => ({ at: (100 * value) / most, label })), " kHz");

const amplitudes = (full) =>
  leftAxis("ab-amplitudes", [-full, 0, full].map((value, index) => ({ at: 50 * index, label: value ? value.toFixed(2).replace("-", "−") : "0" })));

const levelKey = () => {
  const stops = CIVIDIS.map((colour) => `rgb(${colour.join(" ")})`).join();
  const [low, high] = LEVELS_DBFS.map((level) => `−${-level}`);
  return element(
    "span",
    { class: "ab-levels" },
    low, element("span", { class: "ab-ramp", style: `background:linear-gradient(90deg,${stops})`, "aria-hidden": "true" }), `${high} dBFS`,
  );
};
