/** Where the person is on the admin page: a section, and what in it. It is in the address, behind #, so that it can be linked. */
import { useEffect, useState } from "preact/hooks";

export interface Place {
  section: string;
  /** What follows the section: `#upstreams/wss%3A%2F%2Frelay.example` has one. */
  rest: string[];
}

/** Returns the address of a place on this page. */
export function placeHref(section: string, ...rest: string[]): string {
  return `#${[section, ...rest].map(encodeURIComponent).join("/")}`;
}

export function goTo(section: string, ...rest: string[]): void {
  location.hash = placeHref(section, ...rest);
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const follow = () => setPlace(parsePlace(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}

export function parsePlace(hash: string): Place {
  const [section = "", ...rest] = hash.replace(/^#/, "").split("/").map(decoded);
  return { section, rest };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
