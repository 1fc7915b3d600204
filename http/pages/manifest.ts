/** The web app manifest: what a browser needs to install the pages as an app. */
import type { Relay } from "../../web/pages/layout.tsx";

export function manifestOf({ name, description, icon }: Relay) {
  return {
    id: "/",
    name: name || "Nostr relay",
    short_name: shortName(name || "Relay"),
    description,
    start_url: "/",
    scope: "/",
    display: "standalone",
    background_color: "#f7f7fb",
    theme_color: "#5b4bd6",
    icons: [
      ...(icon === undefined ? [] : [{ src: icon, sizes: "any" }]),
      { src: "/assets/icon-192.png", sizes: "192x192", type: "image/png" },
      { src: "/assets/icon-512.png", sizes: "512x512", type: "image/png" },
      { src: "/assets/icon-maskable.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
    ],
    shortcuts: [
      { name: "Watch", url: "/watch" },
      { name: "Explore", url: "/explore" },
      { name: "Dashboard", url: "/dashboard" },
    ],
  };
}

/** Returns at most 12 characters, for the label below an icon. */
function shortName(name: string): string {
  const [first = ""] = name.split(" ");
  return Array.from(first).slice(0, 12).join("");
}
