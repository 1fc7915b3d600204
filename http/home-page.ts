/** The home page, which a browser shows at the relay's address. */
import { html } from "hono/html";
import type { Config } from "../relay/config.ts";

export function homePage(config: Config, url: URL) {
  const address = `${url.protocol === "https:" ? "wss:" : "ws:"}//${url.host}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${config.RELAY_NAME}</title>
        <style>
          body {
            font:
              1.1rem/1.5 system-ui,
              sans-serif;
            max-width: 40rem;
            margin: 3rem auto;
            padding: 0 1rem;
          }
          code {
            overflow-wrap: anywhere;
          }
        </style>
      </head>
      <body>
        <main>
          <h1>${config.RELAY_NAME}</h1>
          ${config.RELAY_DESCRIPTION && html`<p>${config.RELAY_DESCRIPTION}</p>`}
          <p>This is a Nostr relay. Add it to your client: <code>${address}</code></p>
          <ul>
            <li><a href="/api/v1/events?limit=20">The newest events, as JSON</a></li>
            <li><a href="/api/v1/openapi.json">The HTTP API, as an OpenAPI document</a></li>
            <li><a href="/health">Health</a> and <a href="/metrics">metrics</a></li>
          </ul>
        </main>
      </body>
    </html>`;
}
