// Small conveniences; every page works without them.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  await navigator.clipboard.writeText(text);
  const said = document.getElementById(button.getAttribute("aria-describedby") || "");
  if (said) said.textContent = button.dataset.done;
});
