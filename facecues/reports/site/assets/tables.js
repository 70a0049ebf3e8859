// Sorting by the exact value, sections among themselves; and a line that says what stands behind a cell.
"use strict";
(() => {
  const text = new Intl.Collator("en", { numeric: true });

  function sortable(table) {
    const heads = [...table.querySelectorAll("thead tr:last-child th")];
    const sections = [...table.tBodies].map((body) => ({
      body,
      rows: [...body.rows].filter((row) => !row.classList.contains("section")),
    }));
    heads.forEach((head, index) => {
      const button = head.querySelector("button");
      if (!button) return;
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const first = head.dataset.first;
        const second = first === "ascending" ? "descending" : "ascending";
        const now = head.getAttribute("aria-sort");
        const next = now === "none" ? first : now === first ? second : "none";
        heads.forEach((each) => each.hasAttribute("aria-sort") && each.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", next);
        sections.forEach(({ body, rows }) => body.append(...(next === "none" ? rows : sorted(rows, index, next))));
      });
    });
  }

  function sorted(rows, index, direction) {
    const sign = direction === "ascending" ? 1 : -1;
    const key = (row) => row.cells[index].dataset.value;
    return [...rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);  // the missing go last
      return sign * (index === 0 ? text.compare(x, y) : Number(x) - Number(y));
    });
  }

  // One cell takes part in tabbing; arrows go on from there.
  function explained(table) {
    const detail = table.closest(".scroll").nextElementSibling;
    const say = (cell) => {
      table.querySelectorAll(".chosen").forEach((each) => each.classList.remove("chosen"));
      table.querySelectorAll("td[tabindex='0']").forEach((each) => { each.tabIndex = -1; });
      cell.classList.add("chosen");
      cell.tabIndex = 0;
      detail.textContent = cell.title;
    };
    const start = table.querySelector("tbody td[title]");
    if (start) start.tabIndex = 0;
    table.addEventListener("click", (event) => {
      const cell = event.target.closest("tbody td[title]");
      if (cell) say(cell);
    });
    table.addEventListener("focusin", (event) => event.target.matches("tbody td[title]") && say(event.target));
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("tbody td[title]");
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!cell || !move) return;
      event.preventDefault();
      const rows = [...table.querySelectorAll("tbody tr:not(.section)")];
      const row = rows[rows.indexOf(cell.parentElement) + move[0]];
      const target = row?.cells[cell.cellIndex + move[1]];
      if (target?.tagName === "TD") {
        target.tabIndex = 0;
        target.focus();
      }
    });
  }

  document.querySelectorAll("table.values").forEach(sortable);
  document.querySelectorAll("table.values, table.heat").forEach(explained);
})();
