// Small conveniences; every page works without them.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  if (!navigator.clipboard) return getSelection().selectAllChildren(text); // by http from another machine there is none
  await navigator.clipboard.writeText(text.textContent);
  const said = document.getElementById(button.getAttribute("aria-describedby") || "");
  if (said) said.textContent = button.dataset.done;
});
