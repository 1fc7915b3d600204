/** Who is signed in on this page. */
import { useEffect, useState } from "preact/hooks";
import { extensionSigner } from "./extension.ts";
import type { Signer } from "./signer.ts";

/** Remembers until the tab is closed that the extension is used. It holds no secret. */
const REMEMBERED = "signer";

let current: Signer | undefined;
const listeners = new Set<() => void>();

// A page that the browser keeps for its back button must not keep a secret key.
addEventListener("pagehide", () => {
  if (current?.way === "key") void signOut();
});

export function signIn(signer: Signer): void {
  if (signer.way === "extension") sessionStorage.setItem(REMEMBERED, signer.way);
  change(signer);
}

export async function signOut(): Promise<void> {
  const signer = current;
  sessionStorage.removeItem(REMEMBERED);
  change(undefined);
  await signer?.forget();
}

/** Signs in as before if a page of this tab did so with the extension. */
export async function signInAgain(): Promise<void> {
  if (current || sessionStorage.getItem(REMEMBERED) !== "extension") return;
  try {
    change(await extensionSigner());
  } catch {
    // The person sees the ways to sign in, and the reason when they try.
    sessionStorage.removeItem(REMEMBERED);
  }
}

/** Returns who is signed in, and renders again when that changes. */
export function useSigner(): Signer | undefined {
  const [signer, setSigner] = useState(current);
  useEffect(() => {
    const listener = () => setSigner(current);
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return signer;
}

function change(signer: Signer | undefined): void {
  current = signer;
  for (const listener of listeners) listener();
}
