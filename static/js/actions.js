// Dialogs and fields that appear with a choice; everything else is plain HTML.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const closer = event.target.closest("[data-close]");
  const dialog = closer?.closest("dialog");
  if (dialog) {
    event.preventDefault();
    dialog.close();
  }
});

// A click twice must not send twice.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("button[type=submit]")) {
    requestAnimationFrame(() => (button.disabled = true));
  }
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[type=submit][disabled]")) button.disabled = false;
});

// data-shows="id": the element is shown while the box is ticked.
function reveal(box) {
  const part = document.getElementById(box.dataset.shows);
  if (part) part.hidden = !box.checked;
}
for (const box of document.querySelectorAll("[data-shows]")) {
  reveal(box);
  box.addEventListener("change", () => reveal(box));
}

// A confirmation is fetched when it is asked for, so that it names what is held at that moment.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target instanceof HTMLDialogElement && !event.target.open) event.target.showModal();
});

// Time to the next close, where the market's clock is the wall's; a replay shows the time itself.
const SOON = 24 * 3600 * 1000;
setInterval(() => {
  for (const part of document.querySelectorAll("[data-countdown]")) {
    const left = Number(part.dataset.countdown) - Date.now();
    if (Math.abs(left) > SOON) continue;
    const seconds = Math.max(0, Math.ceil(left / 1000));
    part.textContent = left > 0 ? `in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "due";
  }
}, 1000);
