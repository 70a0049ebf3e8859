// A figure as large as the window, with arrows to its neighbours.
"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const cards = [...document.querySelectorAll("figure.card")].filter((card) => card.querySelector(".enlarge"));
  const picture = viewer.querySelector("img");
  let shown = 0;

  function show(index) {
    shown = (index + cards.length) % cards.length;
    const card = cards[shown];
    const small = card.querySelector("img");
    picture.src = small.src;
    picture.alt = small.alt;
    viewer.querySelector("h2").textContent = card.querySelector("h2").textContent;
    viewer.querySelector(".viewer-caption").textContent = card.querySelector("figcaption p").textContent;
    viewer.querySelector(".links").replaceChildren(
      ...[...card.querySelectorAll(".links a")].map((link) => link.cloneNode(true)));
  }

  cards.forEach((card, index) => card.querySelector(".enlarge").addEventListener("click", () => {
    show(index);
    viewer.showModal();
  }));
  const actions = { before: () => show(shown - 1), after: () => show(shown + 1), close: () => viewer.close() };
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();  // beside the figure
    actions[event.target.closest("button")?.dataset.do]?.();
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") actions.before();
    else if (event.key === "ArrowRight") actions.after();
  });
})();
