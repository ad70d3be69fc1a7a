// The decision journal: filters that apply themselves, strips walked with the arrow keys, sliders beside numbers.

// data-submits: a form that is sent as soon as a choice changes; without this script its button does it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submits]");
  if (form) form.requestSubmit();
});

// One stop for the tab key per strip; arrows walk along it. The newest close comes first and stands right.
const STEPS = { ArrowLeft: 1, ArrowRight: -1, Home: Infinity, End: -Infinity };

document.addEventListener("keydown", (event) => {
  const strip = event.target.closest("[data-strip]");
  if (!strip || !(event.key in STEPS)) return;
  const cells = [...strip.querySelectorAll("a")];
  const here = cells.indexOf(event.target);
  const next = cells[Math.min(cells.length - 1, Math.max(0, here + STEPS[event.key]))];
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

// A refetched part must not take the focus away from a cell: the same close is found again.
let held = "";
document.addEventListener("htmx:beforeSwap", () => {
  held = document.activeElement?.closest("[data-strip] a")?.getAttribute("href") ?? "";
});
document.addEventListener("htmx:afterSwap", () => {
  if (held) document.querySelector(`[data-strip] a[href="${CSS.escape(held).replaceAll("\\/", "/")}"]`)?.focus();
});

// data-slides="id": a slider and a number field that say the same.
for (const slider of document.querySelectorAll("input[data-slides]")) {
  const field = document.getElementById(slider.dataset.slides);
  if (!field) continue;
  slider.addEventListener("input", () => {
    field.value = slider.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => {
    const value = Number(field.value.replace(",", "."));
    if (field.value.trim() && Number.isFinite(value)) slider.value = value;
  });
}

// data-part-of="name=value": shown while that choice is made.
function show() {
  for (const part of document.querySelectorAll("[data-part-of]")) {
    const [name, value] = part.dataset.partOf.split("=");
    const chosen = document.querySelector(`[name="${name}"]:checked, select[name="${name}"]`);
    part.hidden = chosen !== null && chosen.value !== value;
    for (const input of part.querySelectorAll("input, select")) input.disabled = part.hidden;
  }
}
document.addEventListener("change", show);
show();

// data-knob: the chosen number says how far its slider runs, and what it is now.
const select = document.querySelector("[data-knob]");
if (select) {
  const field = document.getElementById(select.dataset.knob);
  const slider = document.querySelector(`[data-slides="${select.dataset.knob}"]`);
  const now = document.querySelector("[data-knob-now]");
  const turn = (fresh) => {
    const { value, low, high, step } = select.selectedOptions[0]?.dataset ?? {};
    if (value === undefined) return;
    if (fresh || !field.value) field.value = value;
    const typed = Number(field.value);
    Object.assign(slider, { min: low, max: high, step });
    slider.value = Number.isFinite(typed) ? typed : value;
    now.textContent = value;
  };
  select.addEventListener("change", () => turn(true));
  turn(false);
}
