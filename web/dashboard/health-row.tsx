/** Whether the relay is healthy, and what needs an operator. */
import { amountOf } from "../parts/relative-time.ts";
import { type Concern, concernsOf } from "./figures/attention.ts";
import type { Figures } from "./figures/figures.ts";

type Tone = "good" | "warning" | "bad";

export function HealthRow({ figures }: { figures: Figures }) {
  const { health } = figures;
  const concerns = concernsOf(figures);
  const { tone, says } = verdictOf(figures, concerns);
  return (
    <section class={`card health-row ${tone}`} aria-labelledby="health">
      <span class="health-mark" aria-hidden="true">
        {tone === "good" ? "✓" : "!"}
      </span>
      <div class="health-text">
        <h2 id="health">{says}</h2>
        {concerns.length === 0 ? (
          <p class="quiet">Nothing needs you. {testedText(health)}</p>
        ) : (
          <ul>
            {concerns.map(({ says, link }) => (
              <li key={says}>
                {says} {link && <a href={link.href}>{link.text}</a>}
              </li>
            ))}
          </ul>
        )}
      </div>
      <a class="button" href="/admin">
        Admin
      </a>
    </section>
  );
}

function verdictOf({ health }: Figures, concerns: Concern[]): { tone: Tone; says: string } {
  if (health instanceof Error) return { tone: "bad", says: "The health is not known" };
  if (!health.isReady) return { tone: "bad", says: "Clients cannot be served" };
  if (concerns.length > 0) return { tone: "warning", says: "Needs attention" };
  return { tone: "good", says: "Healthy" };
}

function testedText(health: Figures["health"]): string {
  if (health instanceof Error || health.testedMinutesAgo === undefined) return "";
  return `The relay tested itself ${amountOf(60 * health.testedMinutesAgo)} ago: it stored an event and read it back.`;
}
