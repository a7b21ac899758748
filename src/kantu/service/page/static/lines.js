// Lines below an answer that conversations and tasks share.

import { el } from "./dom.js";

/** What went wrong, with a button to try it again. */
export function failure(error, words, onRetry) {
  const retry = el("button", { type: "button", className: "link", textContent: words.retry });
  retry.addEventListener("click", onRetry);
  const line = el("div", { className: "error", role: "alert" }, el("span", { textContent: error.message }), retry);
  if (error.code) line.dataset.code = error.code;
  const id = error.requestId ? [el("small", { textContent: `${words.request_id} ${error.requestId}` })] : [];
  return [line, ...id];
}

/** Puts a text on the clipboard. */
export function copyButton(text, words) {
  const button = el("button", { type: "button", className: "link", textContent: words.copy });
  button.hidden = !navigator.clipboard; // the clipboard needs HTTPS or this machine
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = words.copied;
  });
  return button;
}
