"use strict";
(() => {
  const find = document.getElementById("find"), menu = document.getElementById("menu");
  const rows = [...document.querySelectorAll("#operations li[data-find]")];
  if (matchMedia("(max-width: 52rem)").matches) menu.open = false; // on a phone the page comes first
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.dataset.find.includes(word));
    for (const tag of document.querySelectorAll("#operations > li.tag"))
      tag.hidden = words.length > 0 && !tag.querySelector("li[data-find]:not([hidden])");
  });
  find.addEventListener("keydown", (event) => {
    const first = rows.find((row) => !row.hidden);
    if (event.key === "Enter" && first) location.hash = first.querySelector("a").hash;
  });
})();
