/** Draws the QR codes of pages that the server rendered, when someone opens them. They are hidden until this script runs. */

export function drawQrCodesOnRequest(root: HTMLElement): void {
  for (const details of root.querySelectorAll<HTMLDetailsElement>("details[data-qr]")) {
    details.hidden = false;
    details.addEventListener("toggle", () => void draw(details), { once: true });
  }
}

async function draw(details: HTMLDetailsElement): Promise<void> {
  const place = document.createElement("div");
  details.append(place);
  await import("./qr-code.tsx").then(
    ({ renderQrCode }) => renderQrCode(place, details.dataset["qr"] ?? ""),
    () => (place.textContent = "The QR code could not be loaded: reload the page"),
  );
}
