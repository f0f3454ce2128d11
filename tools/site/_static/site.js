// The explorer that needs no kernel takes the place of its still picture (notebook 05).
addEventListener("DOMContentLoaded", () => {
  const still = document.querySelector(
    '.gan-place img[alt*="belongs to one of the first coordinates of z"]',
  );
  if (!still) return;
  const explorer = document.createElement("iframe");
  explorer.className = "explorer";
  explorer.title = "The explorer: sliders over z, and the digit that the generator draws";
  explorer.src = new URL("explorer.html", document.querySelector("script[src*='site.js']").src);
  still.closest(".gan-place").replaceChildren(explorer);
});
