/** A button that copies a text. `web/shared/copy-buttons.ts` shows it where that is possible. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <button type="button" hidden data-copy={text} aria-live="polite">
      {label}
    </button>
  );
}
