"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { methods, metrics, pairs, values, pictures } = data;

  /* Text from the file system enters the page as text only, never as markup. */
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function number(value) {
    if (value === null) return "–";
    if (typeof value === "string") return value;
    if (Math.abs(value) >= 1e4) return value.toFixed(0);
    return value.toPrecision(4);
  }

  /* ---- the table ---- */

  function setUpSorting() {
    const table = document.querySelector(".scroll table");
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const first = head.dataset.first;
        const other = first === "ascending" ? "descending" : "ascending";
        const order = was === first ? other : first;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        sortRows(table.tBodies[0], column, order, head.dataset.kind);
      });
    });
  }

  function sortRows(body, column, order, kind) {
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows].map((row) => {
      const text = row.cells[column].dataset.value;
      return { row, key: kind === "text" ? text : text === "" ? null : Number(text) };
    });
    rows.sort((a, b) => {
      /* What is not known stays at the end, whichever way. */
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      if (kind === "text") return sign * a.key.localeCompare(b.key);
      return a.key === b.key ? 0 : sign * (a.key - b.key);
    });
    body.append(...rows.map((item) => item.row));
  }

  /* ---- pictures side by side ---- */

  const grid = byId("grid");
  const view = { s: 1, x: 0, y: 0 };
  const shown = new Set();
  const LARGEST = 24;

  function moveTo(s, x, y) {
    view.s = Math.min(LARGEST, Math.max(1, s));
    view.x = Math.min(0, Math.max(1 - view.s, x));
    view.y = Math.min(0, Math.max(1 - view.s, y));
    for (const key of ["s", "x", "y"]) grid.style.setProperty(`--${key}`, view[key]);
    grid.classList.toggle("zoomed", view.s > 1);
    grid.classList.toggle("close-up", view.s >= 6);
    byId("zoom").textContent = `${view.s < 10 ? Number(view.s.toFixed(1)) : Math.round(view.s)}×`;
  }

  /* Zoom so that the point (fx, fy) of a picture's frame stays where it is. */
  function zoomBy(factor, fx = 0.5, fy = 0.5) {
    const s = Math.min(LARGEST, Math.max(1, view.s * factor));
    const ratio = s / view.s;
    moveTo(s, fx - (fx - view.x) * ratio, fy - (fy - view.y) * ratio);
  }

  function frameOf(event) {
    const frame = event.target.closest(".view");
    return frame && frame.getBoundingClientRect();
  }

  function setUpZoom() {
    grid.addEventListener("wheel", (event) => {
      const box = frameOf(event);
      if (!box) return;
      event.preventDefault();
      const factor = Math.exp(-Math.sign(event.deltaY) * 0.2);
      zoomBy(factor, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    }, { passive: false });
    grid.addEventListener("dblclick", (event) => {
      const box = frameOf(event);
      if (box) zoomBy(2, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    grid.addEventListener("pointermove", (event) => {
      const box = event.buttons & 1 && frameOf(event);
      if (box) moveTo(view.s, view.x + event.movementX / box.width, view.y + event.movementY / box.height);
    });
    grid.addEventListener("dragstart", (event) => event.preventDefault());
    grid.addEventListener("keydown", (event) => {
      const step = 0.1;
      const keys = {
        "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5),
        "0": () => moveTo(1, 0, 0),
        ArrowLeft: () => moveTo(view.s, view.x + step, view.y),
        ArrowRight: () => moveTo(view.s, view.x - step, view.y),
        ArrowUp: () => moveTo(view.s, view.x, view.y + step),
        ArrowDown: () => moveTo(view.s, view.x, view.y - step),
      };
      const arrow = event.key.startsWith("Arrow");
      if (!(event.key in keys) || event.ctrlKey || event.metaKey || (arrow && view.s === 1)) return;
      event.preventDefault();
      keys[event.key]();
    });
    byId("zoom-in").addEventListener("click", () => zoomBy(1.5));
    byId("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
    byId("zoom-reset").addEventListener("click", () => moveTo(1, 0, 0));
    byId("size").addEventListener("input", (event) => {
      grid.style.setProperty("--tile", `${event.target.value}px`);
    });
  }

  function figure(source, name, note) {
    const image = element("img", { src: source, alt: name, draggable: "false" });
    const caption = element("figcaption", {}, name);
    if (note) caption.append(" ", element("small", {}, note));
    return element("figure", {}, element("div", { class: "view" }, image), caption);
  }

  function showPictures() {
    const chosen = pictures[byId("pair").selectedIndex];
    const figures = [figure(chosen.infrared, "infrared"), figure(chosen.visible, "visible")];
    methods.forEach((method, i) => {
      const source = chosen.fused[i];
      if (!shown.has(i) || !source) return;
      const rank = method.rank === null ? "not ranked" : `rank ${method.rank}`;
      const mark = method.source === "published" ? `, ${method.source}` : "";
      figures.push(figure(source, method.name, rank + mark));
    });
    grid.replaceChildren(...figures);
    const names = methods.filter((_, i) => shown.has(i)).map((method) => method.name);
    byId("chosen").textContent = names.join(", ") || "none";
    [...byId("chips").children].forEach((chip, i) => {
      chip.setAttribute("aria-pressed", shown.has(i));
    });
  }

  function choose(indices) {
    shown.clear();
    indices.forEach((i) => shown.add(i));
    showPictures();
  }

  function bestThree(wanted) {
    return methods.map((_, i) => i).filter((i) => wanted(methods[i])).slice(0, 3);
  }

  function setUpPictures() {
    const pair = byId("pair");
    pictures.forEach((each) => pair.append(element("option", {}, pairs[each.pair])));
    pair.addEventListener("change", showPictures);
    const step = (by) => {
      pair.selectedIndex = (pair.selectedIndex + by + pictures.length) % pictures.length;
      showPictures();
    };
    byId("previous").addEventListener("click", () => step(-1));
    byId("next").addEventListener("click", () => step(1));
    methods.forEach((method, i) => {
      const chip = element("button", { type: "button", "aria-pressed": "false", "data-source": method.source }, method.name);
      chip.addEventListener("click", () => {
        if (!shown.delete(i)) shown.add(i);
        showPictures();
      });
      byId("chips").append(chip);
    });
    const any = () => true;
    const own = (method) => method.source !== "published";
    byId("choose-best").addEventListener("click", () => choose(bestThree(any)));
    byId("choose-own").addEventListener("click", () => choose(bestThree(own)));
    byId("choose-none").addEventListener("click", () => choose([]));
    setUpZoom();
    moveTo(1, 0, 0);
    choose([...bestThree(any).slice(0, 1), ...bestThree(own)]);
  }

  /* ---- bars ---- */

  function better(metric, value) {
    if (metric.target !== null) return -Math.abs(value - metric.target);
    return metric.higher_is_better ? value : -value;
  }

  function drawBars() {
    const k = byId("metric").selectedIndex;
    const p = byId("bar-pair").selectedIndex - 1;
    const metric = metrics[k];
    const rows = methods.flatMap((method, i) => {
      const value = p < 0 ? method.means[k] : values[i][p] && values[i][p][k];
      return value === null || value === undefined ? [] : [{ method, value, key: better(metric, Number(value)) }];
    });
    rows.sort((a, b) => b.key - a.key);
    const finite = rows.map((row) => row.value).filter((value) => typeof value === "number");
    let low = Math.min(...finite), high = Math.max(...finite);
    const margin = (high - low) * 0.05;
    if (byId("from-zero").checked) { low = Math.min(0, low); high = Math.max(0, high); }
    else low -= margin;
    const span = high - low || 1;
    const zero = Math.min(high, Math.max(low, 0));
    byId("metric-title").textContent = `${metric.name} ${metric.arrow}: ${metric.title}.`;
    byId("bar-list").replaceChildren(...rows.map(({ method, value }) => {
      const end = typeof value === "number" ? value : high;
      const bar = element("span", { class: "bar" });
      bar.style.left = `${(100 * (Math.min(zero, end) - low)) / span}%`;
      bar.style.width = `${(100 * Math.abs(end - zero)) / span}%`;
      return element("li", { class: method.source },
        element("span", { class: "label", title: method.name }, method.name),
        element("span", { class: "track", "aria-hidden": "true" }, bar),
        element("span", { class: "value" }, number(value)));
    }));
  }

  function setUpBars() {
    metrics.forEach((metric) => byId("metric").append(element("option", {}, `${metric.name} ${metric.arrow}`)));
    byId("bar-pair").append(element("option", {}, "mean over the pairs"));
    pairs.forEach((name) => byId("bar-pair").append(element("option", {}, name)));
    for (const id of ["metric", "bar-pair", "from-zero"]) byId(id).addEventListener("change", drawBars);
    drawBars();
  }

  setUpSorting();
  setUpPictures();
  setUpBars();
})();
