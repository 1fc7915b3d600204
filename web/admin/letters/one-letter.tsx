/** One dead letter, with the event as it came. */
import { exactTime } from "../../parts/relative-time.ts";
import { Deed } from "../parts/deed.tsx";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { goTo, placeHref } from "../parts/place.ts";
import { useRelay } from "../parts/relay.tsx";
import { Section } from "../parts/section.tsx";

/** A browser slows down with more. */
const LONGEST_SHOWN = 20_000;

export function OneLetter({ id }: { id: string }) {
  const { call } = useRelay();
  const loading = useAnswer("showdeadletter", Number(id));
  const back = () => goTo("dead-letters");
  return (
    <Section
      title={`Dead letter ${id}`}
      about="The event as it came, and why it could not be stored."
      tabs={<a href={placeHref("dead-letters")}>← All dead letters</a>}
    >
      <Loaded of={loading}>
        {({ upstream, event, pubkey, reason, at, attempts, bytes, isKept, body }) => (
          <>
            <p class="notice bad">
              <bdi>{reason}</bdi>
            </p>
            <dl class="fact-list card">
              <Fact name="From" value={upstream || "an unknown upstream"} />
              <Fact name="Event" value={event} />
              {pubkey !== null && <Fact name="Author" value={pubkey} />}
              <Fact name="Last failed" value={exactTime(at)} />
              <Fact name="Failed" value={attempts === 1 ? "once" : `${attempts} times`} />
              <Fact name="Size" value={`${bytes.toLocaleString("en")} bytes`} />
            </dl>
            {isKept ? (
              <pre tabIndex={0}>{JSON.stringify(body, null, 2).slice(0, LONGEST_SHOWN)}</pre>
            ) : (
              <p class="notice">The event was too large to keep. Only a pull can bring it again.</p>
            )}
            <div class="row">
              {isKept && (
                <Deed
                  label="Try again"
                  tone="primary"
                  act={async () => ({ said: `${(await call("redrivedeadletters", [Number(id)])).message}.` })}
                  done={loading.reload}
                />
              )}
              <Deed
                label="Remove"
                tone="danger"
                question={{
                  title: "Remove this dead letter?",
                  text: (
                    <p>
                      The event is lost here, unless an upstream still has it and a backfill asks for it
                      again.
                    </p>
                  ),
                  button: "Remove",
                }}
                act={async () => ({ said: `${(await call("purgedeadletters", [Number(id)])).message}.` })}
                done={back}
              />
            </div>
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}
