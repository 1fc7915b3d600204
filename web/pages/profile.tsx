/** The page of one person: what they say about themselves, and their newest notes. */
import { npubEncode } from "nostr-tools/nip19";
import type { Event } from "../../nostr/event.ts";
import { KeyMark } from "../parts/author.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { EventCard } from "../parts/event-card.tsx";
import { Picture } from "../parts/picture.tsx";
import { nameOf, type Profile, type Profiles } from "../parts/profile.ts";
import { profilePath } from "../parts/links.ts";
import { ExternalLink, RichText } from "../parts/rich-text.tsx";
import { safeUrl } from "../parts/safe-url.ts";
import { Page, type Relay } from "./layout.tsx";

export interface ProfilePageProps {
  relay: Relay;
  pubkey: string;
  profiles: Profiles;
  notes: readonly Event[];
  /** Unix seconds. */
  now: number;
}

export function ProfilePage({ relay, pubkey, profiles, notes, now }: ProfilePageProps) {
  const name = nameOf(pubkey, profiles);
  const profile = profiles.get(pubkey);
  const npub = npubEncode(pubkey);
  return (
    <Page
      relay={relay}
      title={name}
      description={profile?.about || `Notes of ${name} on this relay`}
      path=""
      script="page"
      openGraph={{ "og:type": "profile", "og:url": profilePath(pubkey) }}
    >
      <div class="reading">
        <header class="profile-card card">
          <KeyMark pubkey={pubkey} />
          <div class="person-name">
            <h1>
              <bdi>{name}</bdi>
            </h1>
            {profile?.nip05 && (
              <p class="quiet" title="What the profile claims. This relay does not check it.">
                <bdi>{profile.nip05}</bdi>
              </p>
            )}
          </div>
          <p class="person-key">
            <code>{npub}</code> <CopyButton text={npub} />
          </p>
          {profile ? (
            <About profile={profile} profiles={profiles} name={name} />
          ) : (
            <p class="quiet">This relay has no profile of this key.</p>
          )}
        </header>
        <section aria-labelledby="notes">
          <h2 id="notes">Newest notes</h2>
          {notes.length === 0 && <p class="card quiet">There are no notes of {name} on this relay.</p>}
          <div class="events">
            {notes.map((event) => (
              <EventCard key={event.id} event={event} now={now} profiles={profiles} />
            ))}
          </div>
          <a class="button" href={`/explore?authors=${npub}`}>
            All events of <bdi>{name}</bdi>
          </a>
        </section>
      </div>
    </Page>
  );
}

function About({ profile, profiles, name }: { profile: Profile; profiles: Profiles; name: string }) {
  const website = safeUrl(profile.website);
  return (
    <div class="about">
      {profile.about && <RichText text={profile.about} profiles={profiles} most={2000} />}
      <p class="row">
        {website && <ExternalLink url={website} />}
        {profile.lightning && (
          <span class="quiet">
            ⚡ <bdi>{profile.lightning}</bdi>
          </span>
        )}
        {profile.picture && <Picture url={profile.picture} label={`Picture of ${name}`} />}
      </p>
    </div>
  );
}
