/** The relay for the sections: its management API and its events, as the person who is signed in may see them. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Event } from "../../../nostr/event.ts";
import type { MethodName } from "../../../nostr/management.ts";
import type { Profiles } from "../../parts/profile.ts";
import { callRelay, type Reply } from "../../shared/management/call.ts";
import { ProfileLoader } from "../../shared/profile-loader.ts";
import { RelayConnection } from "../../shared/relay-connection.ts";
import type { Signer } from "../../shared/signer/signer.ts";

const PATIENCE_MILLISECONDS = 15_000;

export interface Relay {
  pubkey: string;
  call<Method extends MethodName>(method: Method, ...params: unknown[]): Promise<Reply<Method>>;
  /** Returns the stored events. Rejects with the relay's reason, or if it does not answer. */
  readEvents(...filters: object[]): Promise<Event[]>;
  profiles: Profiles;
  wantProfiles(pubkeys: string[]): void;
}

const RelayContext = createContext<Relay | undefined>(undefined);

export function RelayProvider({ signer, children }: { signer: Signer; children: ComponentChildren }) {
  const [opened, setOpened] = useState<Opened>();
  const [, setChanges] = useState(0);
  useEffect(() => {
    const one = open(signer, () => setChanges((count) => count + 1));
    setOpened(one);
    return () => one.connection.close();
  }, [signer]);
  if (!opened) return null;
  const { connection, loader } = opened;
  const relay: Relay = {
    pubkey: signer.pubkey,
    call: (method, ...params) => callRelay(signer, method, params),
    readEvents: (...filters) => readEvents(connection, filters),
    profiles: loader.profiles,
    wantProfiles: (pubkeys) => loader.want(pubkeys),
  };
  return <RelayContext.Provider value={relay}>{children}</RelayContext.Provider>;
}

export function useRelay(): Relay {
  const relay = useContext(RelayContext);
  if (!relay) throw new Error("this is not inside of a RelayProvider");
  return relay;
}

/** Returns the profiles that are known, and asks for those of these keys. */
export function useProfiles(pubkeys: string[]): Profiles {
  const { profiles, wantProfiles } = useRelay();
  useEffect(() => wantProfiles(pubkeys), [pubkeys.join()]);
  return profiles;
}

interface Opened {
  connection: RelayConnection;
  loader: ProfileLoader;
}

function open(signer: Signer, changed: () => void): Opened {
  const connection = new RelayConnection(location.origin.replace(/^http/, "ws"));
  // The person is asked to sign only if the relay wants to know who reads.
  connection.authenticate(signer);
  return { connection, loader: new ProfileLoader(connection, changed) };
}

function readEvents(connection: RelayConnection, filters: object[]): Promise<Event[]> {
  return new Promise((resolve, reject) => {
    const events: Event[] = [];
    const end = (settle: () => void) => {
      clearTimeout(timer);
      subscription.close();
      settle();
    };
    const timer = setTimeout(
      () => end(() => reject(new Error("The relay does not send the events."))),
      PATIENCE_MILLISECONDS,
    );
    const subscription = connection.subscribe(filters, {
      onEvent: (event) => void events.push(event),
      onStored: () => end(() => resolve(events)),
      onClosed: (reason) => end(() => reject(new Error(reason))),
    });
  });
}
