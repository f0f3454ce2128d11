// Moving pictures without a kernel: the film of notebook 04, and a button for that of the first page.
(() => {
  const SECONDS = 8; // that the film takes, as in the notebook
  const folder = document.currentScript.src.replace(/[^/]*$/, "");

  /** The recorded run in place of the notebook's still picture. ``run.webp`` holds its frames below
   * each other, ``run.json`` their steps; figures/make_film.py makes both. */
  async function showRun(place, words) {
    const frames = new Image();
    frames.src = `${folder}run.webp`;
    const answer = await fetch(`${folder}run.json`);
    const steps = await answer.json();
    await frames.decode();
    const height = frames.height / steps.length;
    place.classList.add("film");
    place.innerHTML = `
      <canvas role="img" width="${frames.width}" height="${height}"></canvas>
      <div><button type="button">Play</button>
      <label>step <input type="range" min="0" max="${steps.length - 1}" value="0"></label>
      <output></output></div>`;
    const [canvas, button, slider] = ["canvas", "button", "input"].map((n) => place.querySelector(n));
    canvas.setAttribute("aria-label", words);
    let timer = 0;

    function show() {
      const step = steps[slider.value].toLocaleString("en");
      const above = slider.value * height;
      canvas.getContext("2d").drawImage(frames, 0, -above);
      slider.setAttribute("aria-valuetext", `step ${step}`);
      place.querySelector("output").textContent = step;
    }

    function pause() {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
    }

    function next() {
      slider.value = Number(slider.value) + 1;
      show();
      if (slider.value === slider.max) pause();
    }

    button.addEventListener("click", () => {
      if (timer) return pause();
      if (slider.value === slider.max) slider.value = 0;
      timer = setInterval(next, (1000 * SECONDS) / steps.length);
      button.textContent = "Pause";
    });
    slider.addEventListener("input", () => {
      pause();
      show();
    });
    show();
  }

  /** A browser plays a moving WebP for ever: the button shows its first frame instead. */
  function addButton(film) {
    const still = document.createElement("canvas");
    const button = document.createElement("button");
    still.setAttribute("role", "img");
    still.setAttribute("aria-label", film.alt);
    [still.width, still.height] = [film.naturalWidth, film.naturalHeight];
    still.getContext("2d").drawImage(film, 0, 0);
    const box = document.createElement("div");
    box.className = "film";
    film.before(box);

    function press() {
      const stop = film.isConnected;
      (stop ? film : still).replaceWith(stop ? still : film);
      button.textContent = stop ? "Play" : "Pause";
    }

    box.append(film, button);
    button.type = "button";
    button.textContent = "Pause";
    button.addEventListener("click", press);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) press();
  }

  addEventListener("load", () => {
    const film = document.querySelector('img[src$="film.webp"]');
    if (film) addButton(film);
    const still = document.querySelector('.gan-place img[alt^="A film of "]');
    if (still) showRun(still.closest(".gan-place"), still.alt);
  });
})();
