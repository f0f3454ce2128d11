// The first panel of notebook 01 without a kernel: sliders move p_g, and V(D*, G) and the JSD follow.
(() => {
  const DATA = { mean: 2, std: 1 };
  const START = { mean: 0, std: 2 };
  const NEAR = 1e-12; // D and 1 - D are at least this, or a logarithm would be minus infinity
  const [LOW, HIGH, POINTS] = [-8, 10, 181]; // of the pictures

  function normal(x, { mean, std }) {
    return Math.exp(-(((x - mean) / std) ** 2) / 2) / (std * Math.sqrt(2 * Math.PI));
  }

  function best(a, b) {
    return Math.min(1 - NEAR, Math.max(NEAR, a + b > 0 ? a / (a + b) : 0.5));
  }

  /** V(D*, G) and the Jensen-Shannon divergence, in nats, by the trapezoidal rule. */
  function measure(g) {
    const reach = 8 * Math.max(g.std, DATA.std);
    const low = Math.min(g.mean, DATA.mean) - reach;
    const step = (Math.max(g.mean, DATA.mean) + reach - low) / 4000;
    const part = (p, mixture) => (p > 0 ? p * Math.log(p / mixture) : 0);
    let [value, jsd] = [0, 0];
    for (let i = 0; i <= 4000; i++) {
      const [a, b] = [normal(low + i * step, DATA), normal(low + i * step, g)];
      const [d, mixture] = [best(a, b), (a + b) / 2];
      const share = i % 4000 ? step : step / 2;
      value += share * (a * Math.log(d) + b * Math.log(1 - d));
      jsd += (share * (part(a, mixture) + part(b, mixture))) / 2;
    }
    return [value, jsd];
  }

  /** One picture as SVG: ``curves`` are [class, function of x], ``top`` is the largest y. */
  function plot(name, top, ticks, curves) {
    const across = (x) => (40 + ((x - LOW) / (HIGH - LOW)) * 312).toFixed(1);
    const up = (y) => (10 + (1 - y / top) * 200).toFixed(1);
    const parts = [];
    for (const x of [-5, 0, 5, 10])
      parts.push(`<text x="${across(x)}" y="228" text-anchor="middle">${x}</text>`);
    for (const y of ticks) {
      parts.push(`<text x="34" y="${up(y)}" text-anchor="end" dy="4">${y}</text>`);
      parts.push(`<path class="grid" d="M40 ${up(y)}H352"/>`);
    }
    for (const [kind, f] of curves) {
      const at = Array.from({ length: POINTS }, (_, i) => LOW + (i * (HIGH - LOW)) / (POINTS - 1));
      parts.push(`<path class="${kind}" d="M${at.map((x) => `${across(x)} ${up(f(x))}`).join("L")}"/>`);
    }
    return `<svg viewBox="0 0 360 234" role="img" aria-label="${name}">${parts.join("")}</svg>`;
  }

  function start(place) {
    place.classList.add("density-game");
    place.innerHTML = `
      <label><span>mean of p_g</span><input type="range" min="-4" max="8" step="0.1"></label>
      <label><span>std of p_g</span><input type="range" min="0.3" max="3" step="0.1"></label>
      <button type="button">Reset</button>
      <div class="pictures">
        <figure><div></div><figcaption>density of p_data (solid) and p_g (dashed)</figcaption></figure>
        <figure><div></div><figcaption>D*(x), the probability of being real</figcaption></figure>
      </div>
      <p role="status"></p>`;
    const [mean, std] = place.querySelectorAll("input");
    const [densities, answers] = place.querySelectorAll("figure > div");

    function show() {
      const g = { mean: Number(mean.value), std: Number(std.value) };
      const [value, jsd] = measure(g);
      const top = 1.05 * Math.max(normal(DATA.mean, DATA), normal(g.mean, g));
      const ticks = top > 0.8 ? [0, 0.5, 1] : [0, 0.2, 0.4];
      densities.innerHTML = plot("The two densities", top, ticks, [
        ["data", (x) => normal(x, DATA)],
        ["fake", (x) => normal(x, g)],
      ]);
      answers.innerHTML = plot("D*, between 0 and 1", 1.03, [0, 0.5, 1], [
        ["best", (x) => best(normal(x, DATA), normal(x, g))],
      ]);
      place.querySelector("[role=status]").textContent =
        `p_data: mean ${DATA.mean.toFixed(1)}, std ${DATA.std.toFixed(1)}. ` +
        `p_g: mean ${g.mean.toFixed(1)}, std ${g.std.toFixed(1)}. ` +
        `V(D*, G) = ${value.toFixed(3)}, JSD = ${jsd.toFixed(3)}, ` +
        `-log 4 + 2 JSD = ${(2 * jsd - Math.log(4)).toFixed(3)} nats.`;
    }

    function reset() {
      [mean.value, std.value] = [START.mean, START.std];
      show();
    }
    for (const input of [mean, std]) input.addEventListener("input", show);
    place.querySelector("button").addEventListener("click", reset);
    reset();
  }

  addEventListener("DOMContentLoaded", () => {
    const still = document.querySelector('.gan-place img[alt^="Two densities and D*."]');
    if (still) start(still.closest(".gan-place"));
  });
})();
