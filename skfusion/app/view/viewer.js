/* Two pictures under a wipe, any number side by side, one zoom for all of them. */

const LARGEST = 24;
/* What is looked at stays where it is when a picture is made anew. */
const views = new Map();

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function create(root, view, tell) {
  const find = (selector) => root.querySelector(selector);
  const grid = find(".grid");
  const stage = find(".stage");
  const range = find("input[type=range]");
  let images = [];

  function moveTo(s, x, y) {
    view.s = Math.min(LARGEST, Math.max(1, s));
    view.x = Math.min(0, Math.max(1 - view.s, x));
    view.y = Math.min(0, Math.max(1 - view.s, y));
    for (const key of ["s", "x", "y"]) root.style.setProperty(`--${key}`, view[key]);
    root.classList.toggle("zoomed", view.s > 1);
    root.classList.toggle("close-up", view.s >= 6);
    find("output").textContent = `${view.s < 10 ? Number(view.s.toFixed(1)) : Math.round(view.s)}×`;
  }

  /* Zoom so that the point (fx, fy) of a picture's frame stays where it is. */
  function zoomBy(factor, fx = 0.5, fy = 0.5) {
    const s = Math.min(LARGEST, Math.max(1, view.s * factor));
    const ratio = s / view.s;
    moveTo(s, fx - (fx - view.x) * ratio, fy - (fy - view.y) * ratio);
  }

  function wipeTo(percent) {
    view.wipe = Math.min(100, Math.max(0, percent));
    root.style.setProperty("--wipe", view.wipe);
    range.value = view.wipe;
    range.setAttribute("aria-valuetext", `${Math.round(view.wipe)} percent ${view.left}`);
  }

  function sides() {
    const named = (name) => images.find((image) => image.name === name);
    const left = named(view.left) ?? images[0];
    const right = named(view.right) ?? images[images.length - 1];
    [view.left, view.right] = [left.name, right.name];
    for (const side of ["left", "right"]) {
      const select = find(`select.${side}`);
      select.replaceChildren(...images.map((image) => element("option", {}, image.name)));
      select.value = view[side];
      find(`.tag-${side}`).textContent = view[side];
    }
    find("img.under").src = left.src;
    find(".over img").src = right.src;
    stage.style.setProperty("--ratio", left.ratio);
    stage.setAttribute("aria-label", `${view.left} on the left of the wipe, ${view.right} on the right`);
    wipeTo(view.wipe);
  }

  function figure(image) {
    const picture = element("img", { src: image.src, alt: image.name, draggable: "false" });
    const caption = element("figcaption", {}, image.name);
    if (image.note) caption.append(element("small", {}, image.note));
    if (image.choose) {
      const use = element("button", { type: "button", "aria-label": `Use ${image.name}` }, "Use");
      use.addEventListener("click", () => tell("chosen", image.name));
      caption.append(use);
    }
    return element("figure", {}, element("div", { class: "view" }, picture), caption);
  }

  function frame(event) {
    const around = event.target.closest(".view");
    if (!around) return null;
    const box = around.getBoundingClientRect();
    return { box, x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  root.addEventListener("wheel", (event) => {
    const at = frame(event);
    /* A wheel that cannot zoom out any more scrolls the page. */
    if (!at || (view.s === 1 && event.deltaY > 0)) return;
    event.preventDefault();
    zoomBy(Math.exp(-Math.sign(event.deltaY) * 0.2), at.x, at.y);
  }, { passive: false });
  root.addEventListener("dblclick", (event) => {
    const at = frame(event);
    if (at) zoomBy(2, at.x, at.y);
  });
  let wiping = false;
  root.addEventListener("pointerdown", (event) => {
    const at = frame(event);
    if (!at || event.button) return;
    const onStage = event.target.closest(".stage");
    wiping = Boolean(onStage) && (view.s === 1 || event.target.classList.contains("line"));
    if (wiping) {
      stage.setPointerCapture(event.pointerId);
      wipeTo(at.x * 100);
    }
  });
  root.addEventListener("pointermove", (event) => {
    if (!(event.buttons & 1)) return;
    if (wiping) {
      const box = stage.getBoundingClientRect();
      wipeTo(((event.clientX - box.left) / box.width) * 100);
      return;
    }
    const at = frame(event);
    if (at) moveTo(view.s, view.x + event.movementX / at.box.width, view.y + event.movementY / at.box.height);
  });
  root.addEventListener("pointerup", () => { wiping = false; });
  root.addEventListener("pointercancel", () => { wiping = false; });
  root.addEventListener("dragstart", (event) => event.preventDefault());
  root.addEventListener("keydown", (event) => {
    if (event.target.matches("select, input") || event.ctrlKey || event.metaKey) return;
    const step = 0.1;
    const keys = {
      "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5),
      "0": () => moveTo(1, 0, 0),
      ArrowLeft: () => (view.s > 1 ? moveTo(view.s, view.x + step, view.y) : wipeTo(view.wipe - 5)),
      ArrowRight: () => (view.s > 1 ? moveTo(view.s, view.x - step, view.y) : wipeTo(view.wipe + 5)),
      ArrowUp: () => moveTo(view.s, view.x, view.y + step),
      ArrowDown: () => moveTo(view.s, view.x, view.y - step),
    };
    const upDown = event.key === "ArrowUp" || event.key === "ArrowDown";
    if (!(event.key in keys) || (upDown && view.s === 1)) return;
    event.preventDefault();
    keys[event.key]();
  });
  range.addEventListener("input", () => wipeTo(Number(range.value)));
  for (const side of ["left", "right"]) {
    find(`select.${side}`).addEventListener("change", (event) => {
      view[side] = event.target.value;
      sides();
    });
  }
  find(".in").addEventListener("click", () => zoomBy(1.5));
  find(".out").addEventListener("click", () => zoomBy(1 / 1.5));
  find(".reset").addEventListener("click", () => moveTo(1, 0, 0));

  return function show(data) {
    images = data.images;
    root.setAttribute("aria-label", data.label);
    for (const part of [stage, find(".wiping")]) part.hidden = !data.wipe;
    find(".hint").hidden = !data.wipe;
    if (data.wipe) sides();
    grid.replaceChildren(...images.map(figure));
    moveTo(view.s, view.x, view.y);
  };
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!views.has(data.key)) {
    views.set(data.key, { s: 1, x: 0, y: 0, wipe: 50, left: data.left, right: data.right });
  }
  root.tell = setTriggerValue;
  root.show ??= create(root, views.get(data.key), (name, value) => root.tell(name, value));
  if (root.stamp === data.stamp) return;
  root.stamp = data.stamp;
  root.show(data);
}
