/** One key: who it is, whether it is banned or allowed, its roles, and what can be done about it. */
import { useState } from "preact/hooks";
import { npubEncode } from "nostr-tools/nip19";
import { profilePath } from "../../parts/links.ts";
import { CopyButton } from "../../shared/forms/copy-button.tsx";
import { SelectField } from "../../shared/forms/field.tsx";
import type { ListedKey, ListedRole } from "../../shared/management/answers.ts";
import { Deed, DeedForm } from "../parts/deed.tsx";
import { BanAuthor } from "../parts/event-deeds.tsx";
import { Loaded, useLoading } from "../parts/loading.tsx";
import { Person } from "../parts/person.tsx";
import { placeHref } from "../parts/place.ts";
import { useRelay } from "../parts/relay.tsx";

interface Known {
  ban: ListedKey | undefined;
  allowed: ListedKey | undefined;
  roles: ListedRole[];
}

export function FoundKey({ pubkey }: { pubkey: string }) {
  const { call } = useRelay();
  const loading = useLoading(async (): Promise<Known> => {
    const [banned, allowed, roles] = await Promise.all([
      call("listbannedpubkeys"),
      call("listallowedpubkeys"),
      call("listroles"),
    ]);
    const entryIn = (list: ListedKey[]) => list.find((one) => one.pubkey === pubkey);
    return { ban: entryIn(banned.result), allowed: entryIn(allowed.result), roles: roles.result };
  }, pubkey);
  const npub = npubEncode(pubkey);
  return (
    <div class="stack">
      <h3>The key</h3>
      <div class="card stack">
        <Person pubkey={pubkey} />
        <code>{npub}</code>
        <div class="row">
          <CopyButton text={npub} what="the key" />
          <a class="button" href={profilePath(pubkey)}>
            Profile and events
          </a>
        </div>
      </div>
      <Loaded of={loading}>
        {(known) => (
          <>
            <Standing pubkey={pubkey} known={known} done={loading.reload} />
            <Roles pubkey={pubkey} roles={known.roles} done={loading.reload} />
          </>
        )}
      </Loaded>
    </div>
  );
}

interface Props {
  pubkey: string;
  done(): Promise<void>;
}

function Standing({ pubkey, known: { ban, allowed }, done }: Props & { known: Known }) {
  const { call } = useRelay();
  return (
    <>
      {ban && <p class="notice bad">It is banned{ban.reason && `: ${ban.reason}`}</p>}
      {allowed && <p class="notice good">It is on the allow-list{allowed.reason && `: ${allowed.reason}`}</p>}
      <div class="row">
        {ban ? (
          <Deed
            label="Lift the ban"
            act={async () => {
              await call("unbanpubkey", pubkey);
              return { said: "The ban is lifted. The removed events stay removed." };
            }}
            done={done}
          />
        ) : (
          <BanAuthor pubkey={pubkey} who="key" done={done} />
        )}
        {allowed ? (
          <Deed
            label="Remove from the allow-list"
            act={async () => {
              await call("unallowpubkey", pubkey);
              return { said: "The key is removed from the allow-list." };
            }}
            done={done}
          />
        ) : (
          <Deed
            label="Add to the allow-list"
            act={async () => {
              await call("allowpubkey", pubkey);
              return { said: "The key is on the allow-list. If it was banned, the ban is lifted." };
            }}
            done={done}
          />
        )}
      </div>
    </>
  );
}

function Roles({ pubkey, roles, done }: Props & { roles: ListedRole[] }) {
  const { call } = useRelay();
  const [chosen, setChosen] = useState("");
  const has = roles.filter(({ members }) => members.includes(pubkey));
  const others = roles.filter(({ members }) => !members.includes(pubkey));
  if (roles.length === 0)
    return (
      <p class="quiet">
        There are no roles yet. <a href={placeHref("roles")}>Create one</a>
      </p>
    );
  const [first] = others;
  const role = others.some(({ id }) => id === chosen) ? chosen : (first?.id ?? "");
  return (
    <div class="card stack">
      <h4>Roles</h4>
      {has.length === 0 && <p class="quiet">It has no role.</p>}
      <div class="row">
        {has.map(({ id, label }) => (
          <Deed
            key={id}
            label={`${label || id} ×`}
            about="take the role away"
            act={async () => {
              await call("unassignrole", pubkey, id);
              return { said: `The key does not have the role ${id} any more.` };
            }}
            done={done}
          />
        ))}
      </div>
      {first && (
        <DeedForm
          label="Give the role"
          act={async () => {
            await call("assignrole", pubkey, role);
            return { said: `The key has the role ${role}.` };
          }}
          done={done}
        >
          <SelectField
            label="Role"
            value={role}
            change={setChosen}
            options={others.map(({ id, label }) => [id, label || id] as const)}
          />
        </DeedForm>
      )}
    </div>
  );
}
