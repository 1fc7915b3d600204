/** Buttons that copy a text. They are hidden until this script runs, and where a page may not copy, as over plain HTTP. */

const SHOWN_MILLISECONDS = 2000;

export function copyOnRequest(root: HTMLElement): void {
  // Undefined outside of secure contexts, whatever the types say.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (!clipboard) return;
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => void copy(clipboard, button));
  }
}

async function copy(clipboard: Clipboard, button: HTMLButtonElement): Promise<void> {
  const label = button.textContent;
  button.textContent = await clipboard.writeText(button.dataset["copy"] ?? "").then(
    () => "Copied",
    () => "Not copied",
  );
  setTimeout(() => (button.textContent = label), SHOWN_MILLISECONDS);
}
