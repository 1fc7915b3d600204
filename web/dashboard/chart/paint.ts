/** Colours for the canvas, which cannot use the variables of a style sheet. */

/** Returns the colours that classes give to a text in this place, now. */
export function coloursIn(place: Element, classes: readonly string[]): string[] {
  const probes = classes.map((name) => {
    const probe = document.createElement("span");
    probe.className = name;
    probe.hidden = true;
    return probe;
  });
  place.append(...probes);
  const colours = probes.map((probe) => getComputedStyle(probe).color);
  for (const probe of probes) probe.remove();
  return colours;
}

/** Calls when the person, or the system in the evening, changes between light and dark. Returns what ends it. */
export function onSchemeChange(call: () => void): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", call);
  return () => query.removeEventListener("change", call);
}
