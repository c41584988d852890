// The panel works without this; it only saves steps.

// A button that copies what stands in the element it names.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: copy it yourself";
    }
  });
}

// A form is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
}

// The back button of some browsers shows a page as it was: it is asked for again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// How long is left.
const until = document.querySelectorAll("[data-until]");
if (until.length > 0) {
  const words = (seconds) => {
    const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
    if (seconds <= 0) return "no time";
    if (d > 0) return h > 0 ? `${d} d ${h} h` : `${d} d`;
    if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`;
    if (m > 0) return `${m} min ${seconds % 60} s`;
    return `${seconds} s`;
  };
  const count = () => {
    for (const element of until) {
      element.textContent = words(Math.floor((Date.parse(element.dataset.until) - Date.now()) / 1000));
    }
  };
  count();
  setInterval(count, 1000);
}
