/** What an admin can do about one event. */
import type { Event } from "../../../nostr/event.ts";
import { nameOf } from "../../parts/profile.ts";
import { shortId } from "../../parts/links.ts";
import { Deed } from "./deed.tsx";
import { Person } from "./person.tsx";
import { useRelay } from "./relay.tsx";

interface Props {
  id: string;
  /** The event, if the relay has shown it. */
  event: Event | undefined;
  done(): Promise<void>;
}

export function EventDeeds({ id, event, done }: Props) {
  return (
    <div class="row">
      <Keep id={id} done={done} />
      <BanEvent id={id} done={done} />
      {event && <BanAuthor pubkey={event.pubkey} done={done} />}
      <FindTrace id={id} />
    </div>
  );
}

function Keep({ id, done }: Pick<Props, "id" | "done">) {
  const { call } = useRelay();
  return (
    <Deed
      label="Keep"
      about={`event ${shortId(id)}`}
      act={async () => {
        await call("allowevent", id);
        return { said: "The event stays, and its reports are not shown any more." };
      }}
      done={done}
    />
  );
}

function BanEvent({ id, done }: Pick<Props, "id" | "done">) {
  const { call } = useRelay();
  return (
    <Deed
      label="Ban the event"
      about={shortId(id)}
      tone="danger"
      question={{
        title: "Ban this event?",
        text: (
          <p>
            The event is removed from this relay, and refused from then on. If you lift the ban later, it
            comes back only when someone sends it again.
          </p>
        ),
        button: "Ban the event",
        reason: "Reason, for the other admins (may be empty)",
      }}
      act={async (reason) => {
        await call("banevent", id, reason);
        return {
          said: "The event is banned and removed.",
          undo: {
            label: "Lift the ban",
            act: async () => {
              await call("allowevent", id);
              await done();
              return "The ban is lifted. The event comes back when someone sends it again.";
            },
          },
        };
      }}
      done={done}
    />
  );
}

interface BanProps {
  pubkey: string;
  /** What the key is called here. */
  who?: "author" | "key";
  done(): Promise<void>;
}

export function BanAuthor({ pubkey, who = "author", done }: BanProps) {
  const { call, profiles } = useRelay();
  return (
    <Deed
      label={`Ban the ${who}`}
      about={nameOf(pubkey, profiles)}
      tone="danger"
      question={{
        title: `Ban this ${who}?`,
        text: (
          <>
            <Person pubkey={pubkey} />
            <p>
              All events of this key are removed from this relay, and new ones are refused. If you lift the
              ban later, the removed events stay removed.
            </p>
          </>
        ),
        button: `Ban the ${who}`,
        reason: "Reason, for the other admins (may be empty)",
      }}
      act={async (reason) => {
        await call("banpubkey", pubkey, reason);
        return {
          said: `The ${who} is banned, and all of its events are removed.`,
          undo: {
            label: "Lift the ban",
            act: async () => {
              await call("unbanpubkey", pubkey);
              await done();
              return "The ban is lifted. The removed events stay removed.";
            },
          },
        };
      }}
      done={done}
    />
  );
}

/** The trace shows how the relay took an event in. */
export function FindTrace({ id }: { id: string }) {
  const { call } = useRelay();
  return (
    <Deed
      label="Trace"
      about={`of event ${shortId(id)}`}
      tone="plain"
      act={async () => {
        const { trace, url } = (await call("gettrace", id)).result;
        if (trace === null)
          return { said: "The trace of this event is not known: it was not sampled, or it is too old." };
        return { said: `The trace of this event is ${trace}.`, ...(url !== null && { link: url }) };
      }}
    />
  );
}
