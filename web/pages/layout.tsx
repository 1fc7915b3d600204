/** The frame of every page, rendered on the server. */
import type { ComponentChildren } from "preact";
import { profilePath } from "../parts/links.ts";

/** What every page says about the relay. */
export interface Relay {
  name: string;
  description: string;
  /** An https: address. */
  icon: string | undefined;
  /** An address that a page may link to, as the next one. */
  terms: string | undefined;
  contact: string | undefined;
  /** The public key of the operator. */
  operator: string | undefined;
  version: string;
  /** The address for clients, ws:// or wss://. */
  address: string;
  /** The address for people, without a path. */
  origin: string;
}

export interface PageProps {
  relay: Relay;
  /** The title of the page; the relay's name comes after it. Empty on the home page. */
  title: string;
  /** The path of the entry in the navigation that is current. */
  path: string;
  /** What search engines and shared links show; the relay's description by default. */
  description?: string;
  /** Other properties of Open Graph. A path becomes an address. */
  openGraph?: Record<string, string>;
  /** The name of the view whose script the page loads. */
  script?: string;
  children: ComponentChildren;
}

const NAVIGATION = [
  ["/", "Home"],
  ["/watch", "Watch"],
  ["/explore", "Explore"],
  ["/dashboard", "Dashboard"],
  ["/admin", "Admin"],
] as const;

export function Page({ relay, title, path, description, openGraph = {}, script, children }: PageProps) {
  const name = relay.name || "Nostr relay";
  const whole = title === "" ? name : `${title} · ${name}`;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff" />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#1a1c25" />
        <title>{whole}</title>
        <meta name="description" content={description ?? relay.description} />
        <meta property="og:title" content={whole} />
        <meta property="og:description" content={description ?? relay.description} />
        <meta property="og:site_name" content={name} />
        {relay.icon && <meta property="og:image" content={relay.icon} />}
        {Object.entries(openGraph).map(([property, content]) => (
          <meta
            key={property}
            property={property}
            content={content.startsWith("/") ? relay.origin + content : content}
          />
        ))}
        <link rel="icon" href={relay.icon ?? "/favicon.svg"} />
        <link rel="apple-touch-icon" href="/assets/apple-touch-icon.png" />
        <link rel="manifest" href="/manifest.webmanifest" />
        <link rel="stylesheet" href="/assets/style.css" />
        {script && <script type="module" src={`/assets/${script}.js`} />}
      </head>
      <body>
        <a class="skip button" href="#content">
          Skip to the content
        </a>
        <header class="site-header">
          <div>
            <a class="brand" href="/">
              <img src={relay.icon ?? "/favicon.svg"} alt="" width="28" height="28" />
              {name}
            </a>
            <nav class="site-nav" aria-label="Pages">
              {NAVIGATION.map(([to, label]) => (
                <a key={to} href={to} aria-current={to === path ? "page" : undefined}>
                  {label}
                </a>
              ))}
            </nav>
          </div>
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
        <footer class="site-footer">
          <div>
            <span>Tributary {relay.version}</span>
            <a href="/api">HTTP API</a>
            <a href="/health">Health</a>
            {relay.contact && <a href={relay.contact}>Contact</a>}
            {relay.operator && <a href={profilePath(relay.operator)}>Operator</a>}
            {relay.terms && (
              <a href={relay.terms} rel="noreferrer">
                How this relay treats your data
              </a>
            )}
          </div>
        </footer>
      </body>
    </html>
  );
}
