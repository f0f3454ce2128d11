// The latent explorer without a kernel: the generator's own arithmetic, run in the page.
// One source for JupyterLab (anywidget calls `render`) and for a single file (`explore`).

const SIDE = 28; // pixels of a digit, each way
const REACH = 4; // a slider goes from -REACH to REACH
const SLIDERS = 8; // fewer where there are fewer directions
const REST = 100; // milliseconds without a move, until words follow: nobody hears them in a drag
const COORDINATES = "coordinates";

// --- the generator ------------------------------------------------------------------------------

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function floatsOf(base64) {
  return new Float32Array(bytesOf(base64).buffer);
}

/** The layers that `quantise` packed: for all rows scales, then biases, float32; then weights. */
export async function unpack({ widths, packed }) {
  const inflated = new Blob([bytesOf(packed)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  const rows = widths.slice(1).reduce((sum, width) => sum + width, 0);
  let row = 0;
  let byte = 8 * rows;
  return widths.slice(1).map((width, k) => {
    const layer = {
      scales: new Float32Array(buffer, 4 * row, width),
      biases: new Float32Array(buffer, 4 * (rows + row), width),
      weights: new Int8Array(buffer, byte, width * widths[k]),
    };
    row += width;
    byte += layer.weights.length;
    return layer;
  });
}

/** z -> grey levels from 0 to 255: Linear, LeakyReLU(0.2), ..., Linear, tanh. */
export function draw(layers, z) {
  let x = Float64Array.from(z);
  layers.forEach(({ scales, biases, weights }, k) => {
    const y = new Float64Array(scales.length);
    for (let i = 0, at = 0; i < y.length; i++) {
      let sum = 0;
      for (let j = 0; j < x.length; j++) sum += weights[at++] * x[j];
      const a = scales[i] * sum + biases[i];
      y[i] = k === layers.length - 1 ? Math.tanh(a) : a > 0 ? a : 0.2 * a;
    }
    x = y;
  });
  return Uint8ClampedArray.from(x, (value) => Math.round((value + 1) * 127.5));
}

// --- z ------------------------------------------------------------------------------------------

/** Numbers from N(0, 1), by Box and Muller. */
function normal(count) {
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return radius * Math.cos(2 * Math.PI * Math.random());
  });
}

/** base + sum_k amounts[k] directions[k], in float32 as in the kernel. */
function moved(base, directions, amounts) {
  return base.map((value, i) =>
    directions.reduce((sum, direction, k) => sum + amounts[k] * direction[i], value),
  );
}

/** Each kind of directions and its vectors, of latent_dim numbers each. */
function kindsOf(directions, latentDim) {
  const axis = (k) => Float32Array.from({ length: latentDim }, (_, i) => Number(i === k));
  const kinds = { [COORDINATES]: Array.from({ length: latentDim }, (_, k) => axis(k)) };
  for (const [kind, packed] of Object.entries(directions)) {
    const all = floatsOf(packed);
    kinds[kind] = Array.from({ length: all.length / latentDim }, (_, k) =>
      all.subarray(k * latentDim, (k + 1) * latentDim),
    );
  }
  return kinds;
}

// --- the page -----------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function canvas(columns, name) {
  const gap = columns > 1 ? 2 : 0; // pixels around each digit of a strip
  const [width, height] = [columns * (SIDE + gap) + gap, SIDE + 2 * gap];
  return make("canvas", { width, height, role: "img", "aria-label": name });
}

function paint(picture, column, grey) {
  const gap = (picture.height - SIDE) / 2;
  const image = new ImageData(SIDE, SIDE);
  grey.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
  picture.getContext("2d").putImageData(image, gap + column * (SIDE + gap), gap);
}

function choice(name, hint) {
  const select = make("select", { title: hint });
  return [select, make("label", {}, name + " ", select)];
}

function fill(select, names) {
  select.replaceChildren(...names.map((name) => make("option", {}, name)));
}

function button(name, hint, act) {
  const made = make("button", { type: "button", title: hint }, name);
  made.addEventListener("click", act);
  return made;
}

function slider() {
  const name = make("span");
  const input = make("input", { type: "range", min: -REACH, max: REACH, step: 0.1, value: 0 });
  const readout = make("span", { class: "readout", "aria-hidden": "true" });
  return { name, input, readout, row: make("div", {}, make("label", {}, name, input), readout) };
}

/**
 * Put the explorer into `place` and return it; its `z` is the one that is shown.
 *
 * `network`: what `quantise` gives; `directions`: base64 of float32 by the name of their kind;
 * `z`: where to start; `tell`: called with z after each picture.
 */
export async function explore(place, { network, directions, z }, tell = () => {}) {
  if (!globalThis.DecompressionStream) {
    place.textContent = "This browser is too old for the explorer: it needs one of 2023 or later.";
    return null;
  }
  const layers = await unpack(network);
  const latentDim = network.widths[0];
  const kinds = kindsOf(directions, latentDim);
  let base = Float32Array.from(z);
  let shown = base;
  let active = 0;
  let first = 0; // the number of the first slider's direction
  let telling;
  let waiting;

  const picture = canvas(1, "The digit that the generator draws from the present z");
  const strip = canvas(2 * REACH + 1, "Digits along the slider that was moved last");
  const [kind, kindLabel] = choice("move along", "What the sliders move z along");
  const [which, whichLabel] = choice("which", "Which of them");
  const words = make("p", { role: "status" });
  const caption = make("figcaption");
  const sliders = Array.from({ length: Math.min(SLIDERS, latentDim) }, slider);

  const chosen = () => kinds[kind.value].slice(first, first + SLIDERS);
  const amounts = () => sliders.map(({ input }) => Number(input.value));
  const say = (text) => {
    clearTimeout(telling);
    words.textContent = `${text} |z| = ${Math.hypot(...shown).toFixed(1)}.`;
  };

  function show() {
    shown = moved(base, chosen(), amounts());
    paint(picture, 0, draw(layers, shown));
    for (const { input, readout } of sliders) readout.textContent = Number(input.value).toFixed(1);
    tell(shown);
  }

  /** The digit comes first: the strip waits until the page has shown it. */
  function stripSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (let column = 0; column <= 2 * REACH; column++) {
        const along = amounts();
        along[active] = column - REACH;
        paint(strip, column, draw(layers, moved(base, chosen(), along)));
      }
      const name = sliders[active].name.textContent;
      caption.textContent =
        `Along ${name}, from \u2212${REACH} to ${REACH} in steps of 1; ` +
        "the other sliders as they stand.";
    }, 20);
  }

  function move(k) {
    show();
    const { name, input } = sliders[k];
    clearTimeout(telling);
    telling = setTimeout(() => say(`${name.textContent} moved by ${input.value}.`), REST);
    if (k === active) return; // where the active slider stands does not change the strip
    active = k;
    stripSoon();
  }

  /** All sliders to 0, where the digit of `from` is. */
  function startFrom(from, text) {
    base = from;
    active = 0;
    for (const { input } of sliders) input.value = 0;
    show();
    say(text);
    stripSoon();
  }

  function nameSliders() {
    const letter = kind.value === COORDINATES ? "z" : "v";
    const count = chosen().length;
    sliders.forEach(({ name, row }, k) => {
      name.textContent = `${letter}[${first + k}]`;
      row.hidden = k >= count;
    });
  }

  function chooseKind() {
    const count = kinds[kind.value].length;
    const letter = kind.value === COORDINATES ? "z" : "v";
    const starts = Array.from({ length: Math.ceil(count / SLIDERS) }, (_, k) => k * SLIDERS);
    const last = (start) => Math.min(start + SLIDERS, count) - 1;
    fill(which, starts.map((start) => `${letter}[${start}] to ${letter}[${last(start)}]`));
    whichLabel.hidden = starts.length < 2;
    chooseWhich();
  }

  function chooseWhich() {
    first = Math.max(0, which.selectedIndex) * SLIDERS;
    nameSliders();
    startFrom(shown, "Other directions, from the same digit.");
  }

  const buttons = [
    button("new z", "Draw another z from N(0, I)", () => startFrom(normal(latentDim), "A new z.")),
    button("reset", "Put all sliders back to 0", () => startFrom(base, "All sliders at 0.")),
  ];
  fill(kind, Object.keys(kinds));
  kind.addEventListener("change", chooseKind);
  which.addEventListener("change", chooseWhich);
  sliders.forEach(({ input }, k) => input.addEventListener("input", () => move(k)));
  place.classList.add("page-explorer");
  place.replaceChildren(
    make("div", { class: "choices" }, kindLabel, whichLabel),
    make(
      "div",
      { class: "main" },
      make("div", { class: "digit" }, picture),
      make("div", { class: "sliders" }, ...sliders.map(({ row }) => row)),
    ),
    words,
    make("div", { class: "choices" }, ...buttons),
    make("figure", {}, strip, caption),
  );
  for (const control of place.querySelectorAll("input, select, button"))
    control.setAttribute("data-lm-suppress-shortcuts", "true"); // else JupyterLab takes the keys
  chooseKind();
  say("All sliders at 0.");
  return {
    get z() {
      return shown;
    },
    leave() {
      clearTimeout(telling);
      clearTimeout(waiting);
    },
  };
}

// --- in a notebook ------------------------------------------------------------------------------

export default {
  async render({ model, el }) {
    const [network, directions, start] = ["network", "directions", "z"].map((n) => model.get(n));
    const explorer = await explore(el, { network, directions, z: start }, (z) => {
      model.set("z", [...z]); // the kernel is told; the picture is there already
      model.save_changes();
    });
    return () => explorer?.leave();
  },
};
