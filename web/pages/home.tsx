/**
 * The home page: what a person sees at the relay's address. Without scripts it lacks only the button that copies the
 * address, and the address as a QR code.
 */
import type { Event } from "../../nostr/event.ts";
import type { PublicFigures } from "../../telemetry/stats-answer.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { EventCard } from "../parts/event-card.tsx";
import type { Profiles } from "../parts/profile.ts";
import { clientsOf } from "../parts/relay-clients.ts";
import { amountOf } from "../parts/relative-time.ts";
import { Time } from "../parts/time.tsx";
import { Page, type Relay } from "./layout.tsx";

/** One thing that the relay accepts, does or demands. */
export interface Rule {
  about: string;
  says: string;
}

/** The newest notes, or why there are none to show. */
export type Newest = { events: readonly Event[]; profiles: Profiles } | { reason: string };

export interface UpstreamLine {
  /** Without secrets that an address may contain. */
  name: string;
  /** In seconds; undefined before the first pull. */
  lag: number | undefined;
  isFailing: boolean;
}

export interface HomeProps {
  relay: Relay;
  /** Undefined if they could not be read. */
  figures: PublicFigures | undefined;
  /** An https: address. */
  banner: string | undefined;
  rules: readonly Rule[];
  newest: Newest;
  /** Undefined if they could not be read. */
  upstreams: { shown: readonly UpstreamLine[]; count: number } | undefined;
  /** Unix seconds. */
  now: number;
}

export function HomePage({ relay, figures, banner, rules, newest, upstreams, now }: HomeProps) {
  return (
    <Page relay={relay} title="" path="/" script="page">
      {banner !== undefined && <img class="banner" src={banner} alt="" />}
      <header class="hero">
        <div class="hero-title">
          <img src={relay.icon ?? "/favicon.svg"} alt="" width="64" height="64" />
          <div>
            <h1>{relay.name || "Nostr relay"}</h1>
            {relay.description && <p class="lead">{relay.description}</p>}
            {figures && <Figures figures={figures} now={now} />}
          </div>
        </div>
        <Connect address={relay.address} />
      </header>
      <div class="home">
        <section aria-labelledby="newest">
          <h2 id="newest">Newest notes</h2>
          <Notes newest={newest} now={now} />
        </section>
        <div class="home-side">
          <section class="card" aria-labelledby="rules">
            <h2 id="rules">What this relay accepts</h2>
            <dl class="rules">
              {rules.map(({ about, says }) => (
                <div key={about}>
                  <dt>{about}</dt>
                  <dd>{says}</dd>
                </div>
              ))}
            </dl>
          </section>
          {upstreams?.count !== 0 && <Upstreams upstreams={upstreams} />}
          <section class="card" aria-labelledby="programs">
            <h2 id="programs">For programs</h2>
            <ul class="link-list">
              <li>
                <a href="/api">The HTTP API</a>, also as an{" "}
                <a href="/api/v1/openapi.json">OpenAPI document</a>
              </li>
              <li>
                <a href="/api/v1/events?limit=20">The newest events, as JSON</a>
              </li>
              <li>
                <a href="/health">Health</a> and <a href="/metrics">metrics</a>
              </li>
            </ul>
          </section>
        </div>
      </div>
    </Page>
  );
}

function Figures({ figures, now }: { figures: PublicFigures; now: number }) {
  const { connections, eventsToday, lastEventAt, stored } = figures;
  const numbers: [number, string][] = [
    [connections, "connected"],
    [eventsToday, eventsToday === 1 ? "event today" : "events today"],
    [stored, "stored"],
  ];
  return (
    <p class="hero-figures">
      {numbers.map(([number, label]) => (
        <span key={label}>
          <strong>{number.toLocaleString("en")}</strong> {label}
        </span>
      ))}
      {lastEventAt !== null && (
        <span>
          last one <Time at={lastEventAt} now={now} />
        </span>
      )}
    </p>
  );
}

function Connect({ address }: { address: string }) {
  return (
    <section class="connect card" aria-labelledby="connect">
      <h2 id="connect">Connect</h2>
      <p class="quiet">Add this address to the relays of your Nostr client:</p>
      <div class="address">
        <code>{address}</code>
        <CopyButton text={address} />
      </div>
      {/* `web/shared/qr-codes.ts` draws it. Here it would be 10 KB of every isolate, and 14 ms of its first page. */}
      <details class="qr" hidden data-qr={address}>
        <summary class="button">QR code</summary>
      </details>
      <p class="quiet clients">
        Or look in with{" "}
        {clientsOf(address).map(({ name, href }, at) => (
          <span key={name}>
            {at > 0 && ", "}
            <a href={href} rel="noreferrer" target="_blank">
              {name}
            </a>
          </span>
        ))}
        .
      </p>
    </section>
  );
}

function Notes({ newest, now }: { newest: Newest; now: number }) {
  if ("reason" in newest) return <p class="card quiet">{newest.reason}</p>;
  if (newest.events.length === 0)
    return (
      <p class="card quiet">
        Nobody has written a note here yet. The first one may be yours: add the address to your client.
      </p>
    );
  return (
    <>
      <div class="events">
        {newest.events.map((event) => (
          <EventCard key={event.id} event={event} now={now} profiles={newest.profiles} />
        ))}
      </div>
      <p class="row">
        <a class="button" href="/explore">
          Explore all events
        </a>
        <a class="button" href="/watch">
          Watch live
        </a>
      </p>
    </>
  );
}

function Upstreams({ upstreams }: Pick<HomeProps, "upstreams">) {
  const { shown, count } = upstreams ?? { shown: [], count: 0 };
  return (
    <section class="card" aria-labelledby="upstreams">
      <h2 id="upstreams">Relays it gathers from</h2>
      {!upstreams && <p class="quiet">The relay cannot say now.</p>}
      <ul class="link-list">
        {shown.map(({ name, lag, isFailing }) => (
          <li key={name} class="upstream">
            <bdi class="mono">{name}</bdi>
            <span class={isFailing ? "bad" : "quiet"}>{stateOf(lag, isFailing)}</span>
          </li>
        ))}
        {count > shown.length && <li class="quiet">and {count - shown.length} more</li>}
      </ul>
    </section>
  );
}

function stateOf(lag: number | undefined, isFailing: boolean): string {
  if (lag === undefined) return isFailing ? "not reached yet" : "not asked yet";
  const behind = `${amountOf(lag)} behind`;
  return isFailing ? `${behind}, not reached` : behind;
}
