/** The outbox: keys whose follows are pulled from the relays where they write (NIP-65). */
import { useState } from "preact/hooks";
import { parseReference, PUBKEY } from "../../../nostr/reference.ts";
import { Time } from "../../parts/time.tsx";
import { TextField } from "../../shared/forms/field.tsx";
import type { Outboxes } from "../../shared/management/answers.ts";
import { Deed, DeedForm } from "../parts/deed.tsx";
import { Figure } from "../parts/figure.tsx";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { useNow } from "../../shared/now.ts";
import { Person } from "../parts/person.tsx";
import { placeHref } from "../parts/place.ts";
import { useRelay } from "../parts/relay.tsx";
import { Empty, Section } from "../parts/section.tsx";
import { ShortList } from "../parts/short-list.tsx";

const MOST_KEYS = 20;

export function Outbox() {
  const loading = useAnswer("listoutboxes");
  return (
    <Section
      title="Outbox"
      about="All that a key follows is pulled from the relays where they write (NIP-65). The relays are chosen each hour, and each is asked only for its authors."
      of={loading}
    >
      <Loaded of={loading}>
        {(outboxes) => (
          <>
            <Add keys={outboxes.keys.length} done={loading.reload} />
            <Keys keys={outboxes.keys} done={loading.reload} />
            {outboxes.keys.length > 0 && <Found outboxes={outboxes} />}
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Add({ keys, done }: { keys: number; done(): Promise<void> }) {
  const { call } = useRelay();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const pubkey = parseReference(text.trim(), PUBKEY)?.value;
  if (keys >= MOST_KEYS) return <p class="notice">There are {keys} keys, and no more are allowed.</p>;
  return (
    <div class="card">
      <DeedForm
        label="Pull what this key follows"
        check={() => {
          setProblem(pubkey === undefined ? "This is not a public key." : "");
          return pubkey !== undefined;
        }}
        act={async () => {
          await call("addoutbox", pubkey);
          return { said: "The key is added. Its relays are chosen within a minute." };
        }}
        done={async () => {
          setText("");
          await done();
        }}
      >
        <TextField
          label="Public key"
          hint="npub1…, nprofile1… or 64 characters of hex. The key itself is pulled too."
          problem={problem}
          value={text}
          change={setText}
        />
      </DeedForm>
    </div>
  );
}

function Keys({ keys, done }: { keys: Outboxes["keys"]; done(): Promise<void> }) {
  const { call } = useRelay();
  const now = useNow();
  if (keys.length === 0) return <Empty title="No key yet." />;
  return (
    <ul class="lines">
      {keys.map(({ pubkey, addedAt }) => (
        <li key={pubkey} class="line">
          <div class="grow">
            <Person pubkey={pubkey} />
            <p class="quiet">
              Added <Time at={addedAt} now={now} />
            </p>
          </div>
          <Deed
            label="Remove"
            about={pubkey}
            question={{
              title: "Stop pulling what this key follows?",
              text: (
                <p>Relays that were chosen only for it are removed from the upstreams. Stored events stay.</p>
              ),
              button: "Remove",
            }}
            act={async () => {
              await call("removeoutbox", pubkey);
              return { said: "What this key follows is not pulled any more." };
            }}
            done={done}
          />
        </li>
      ))}
    </ul>
  );
}

function Found({ outboxes }: { outboxes: Outboxes }) {
  const { chosenAt, authors, onOne, onNone, withoutList, relays } = outboxes;
  const now = useNow();
  if (chosenAt === undefined)
    return <p class="notice">The relays have not been chosen yet. This takes a minute.</p>;
  return (
    <>
      <h3>What was found</h3>
      <p class="quiet">
        Chosen <Time at={chosenAt} now={now} />
      </p>
      <div class="figures">
        <Figure name="authors" value={authors} />
        <Figure name="relays" value={relays.length} />
        <Figure name="on one relay only" value={onOne} />
        <Figure name="on no relay" value={onNone} isBad={onNone > 0} />
        <Figure name="without a list of relays" value={withoutList} />
      </div>
      <ShortList items={relays}>
        {({ url, authors: its, failures, isPaused }) => (
          <li key={url} class="line">
            <a class="grow" href={placeHref("upstreams", url)}>
              <bdi>{url}</bdi>
            </a>
            {isPaused && <span class="badge">paused</span>}
            {failures > 0 && <span class="badge bad">failed {failures} times</span>}
            <span class="quiet">{its === 1 ? "1 author" : `${its.toLocaleString("en")} authors`}</span>
          </li>
        )}
      </ShortList>
    </>
  );
}
