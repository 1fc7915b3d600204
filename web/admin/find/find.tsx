/** Finds a key or an event, with what this relay knows about it and what an admin can do about it. */
import { useState } from "preact/hooks";
import { EVENT_ID, parseReference, PUBKEY } from "../../../nostr/reference.ts";
import { isHex64 } from "../../../nostr/event.ts";
import { TextField } from "../../shared/forms/field.tsx";
import { goTo, type Place } from "../parts/place.ts";
import { Section } from "../parts/section.tsx";
import { FoundEvent } from "./found-event.tsx";
import { FoundKey } from "./found-key.tsx";

export function Find({ place: { rest } }: { place: Place }) {
  const [what = "", subject = ""] = rest;
  return (
    <Section
      title="Find"
      about="A person or an event: what this relay knows about it, and what you can do about it."
    >
      <Form key={subject} subject={subject} />
      {what === "key" && isHex64(subject) && <FoundKey key={subject} pubkey={subject} />}
      {what === "event" && isHex64(subject) && <FoundEvent key={subject} id={subject} />}
      {what === "hex" && isHex64(subject) && (
        <>
          <FoundEvent key={`event ${subject}`} id={subject} />
          <FoundKey key={subject} pubkey={subject} />
        </>
      )}
    </Section>
  );
}

function Form({ subject }: { subject: string }) {
  const [text, setText] = useState(subject);
  const [problem, setProblem] = useState("");
  return (
    <form
      class="card stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const place = placeOf(text.trim());
        setProblem(place ? "" : "This is neither a key nor an event.");
        if (place) goTo("find", ...place);
      }}
    >
      <TextField
        label="Key or event"
        hint="npub1…, nprofile1…, note1…, nevent1… or 64 characters of hex"
        problem={problem}
        value={text}
        change={setText}
      />
      <button type="submit" class="primary">
        Find
      </button>
    </form>
  );
}

/** Hex may be either. */
function placeOf(text: string): [what: string, subject: string] | undefined {
  if (isHex64(text)) return ["hex", text];
  const key = parseReference(text, PUBKEY);
  if (key) return ["key", key.value];
  const event = parseReference(text, EVENT_ID);
  return event && ["event", event.value];
}
