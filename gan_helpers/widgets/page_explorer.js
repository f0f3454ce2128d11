// The latent explorer without a kernel: the generator's own arithmetic, run in the page.
// One source for JupyterLab (anywidget calls `render`) and for a single file (`explore`), behind
// page_network.js, which draws.

const SIDE = 28; // pixels of a digit, each way
const REACH = 4; // a slider goes from -REACH to REACH
const SLIDERS = 8; // fewer where there are fewer directions
const REST = 100; // milliseconds without a move, until words follow: nobody hears them in a drag
const COORDINATES = "coordinates";

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
 * `classes`: their names; `z`: where to start; `tell`: called with z and class after each picture.
 */
export async function explore(place, { network, directions, classes, z }, tell = () => {}) {
  if (!globalThis.DecompressionStream) {
    place.textContent = "This browser is too old for the explorer: it needs one of 2023 or later.";
    return null;
  }
  const byClass = ofEachClass(await unpack(network), network);
  const latentDim = network.widths[0];
  const kinds = kindsOf(directions, latentDim);
  let base = Float32Array.from(z);
  let shown = base;
  let active = 0;
  let first = 0; // the number of the first slider's direction
  let telling;
  let waiting;

  const picture = canvas(1, "The picture that the generator draws from the present z");
  const strip = canvas(2 * REACH + 1, "Pictures along the slider that was moved last");
  const [named, namedLabel] = choice("class", "What the generator is asked for");
  const [kind, kindLabel] = choice("move along", "What the sliders move z along");
  const [which, whichLabel] = choice("which", "Which of them");
  const words = make("p", { role: "status" });
  const caption = make("figcaption");
  const sliders = Array.from({ length: Math.min(SLIDERS, latentDim) }, slider);

  const asked = () => Math.max(0, named.selectedIndex);
  const digit = (z) => draw(byClass[asked()], z);
  const chosen = () => kinds[kind.value].slice(first, first + SLIDERS);
  const amounts = () => sliders.map(({ input }) => Number(input.value));
  const say = (text) => {
    clearTimeout(telling);
    words.textContent = `${text} |z| = ${Math.hypot(...shown).toFixed(1)}.`;
  };

  function show() {
    shown = moved(base, chosen(), amounts());
    paint(picture, 0, digit(shown));
    for (const { input, readout } of sliders) readout.textContent = Number(input.value).toFixed(1);
    tell(shown, asked());
  }

  /** The digit comes first: the strip waits until the page has shown it. */
  function stripSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (let column = 0; column <= 2 * REACH; column++) {
        const along = amounts();
        along[active] = column - REACH;
        paint(strip, column, digit(moved(base, chosen(), along)));
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

  /** Another class of the same z. */
  function chooseClass() {
    show();
    say(`Class ${named.value}.`);
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
    startFrom(shown, "Other directions, from the same picture.");
  }

  const buttons = [
    button("new z", "Draw another z from N(0, I)", () => startFrom(normal(latentDim), "A new z.")),
    button("reset", "Put all sliders back to 0", () => startFrom(base, "All sliders at 0.")),
  ];
  fill(named, classes);
  namedLabel.hidden = !classes.length;
  fill(kind, Object.keys(kinds));
  named.addEventListener("change", chooseClass);
  kind.addEventListener("change", chooseKind);
  which.addEventListener("change", chooseWhich);
  sliders.forEach(({ input }, k) => input.addEventListener("input", () => move(k)));
  place.classList.add("page-explorer");
  place.replaceChildren(
    make("div", { class: "choices" }, namedLabel, kindLabel, whichLabel),
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
    const names = ["network", "directions", "classes", "z"];
    const parts = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const explorer = await explore(el, parts, (z, label) => {
      model.set({ z: [...z], label }); // the kernel is told; the picture is there already
      model.save_changes();
    });
    return () => explorer?.leave();
  },
};
