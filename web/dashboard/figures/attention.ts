/** What needs an operator now. */
import type { Health } from "../../shared/health.ts";
import { amountOf } from "../../parts/relative-time.ts";
import { dollars, sentence } from "./format.ts";
import { forecastOf, sumOfDollars } from "./forecast.ts";
import type { Figures } from "./figures.ts";

export interface Concern {
  says: string;
  /** Where something can be done about it. */
  link?: { href: string; text: string };
}

const LONG_WAIT_SECONDS = 3600;

export function concernsOf({ health, gauges, upstreams, stats, readAt }: Figures): Concern[] {
  return [
    ...concernsOfHealth(health),
    ...(gauges instanceof Error
      ? [{ says: `The state of now cannot be read: ${sentence(gauges.message)}` }]
      : []),
    ...(upstreams instanceof Error
      ? [{ says: `The upstreams cannot be read: ${sentence(upstreams.message)}` }]
      : []),
    ...(gauges instanceof Error ? [] : [...concernsOfQueue(gauges), ...concernsOfUpstreams(gauges)]),
    ...concernsOfCosts(stats.costs, readAt),
  ];
}

function concernsOfHealth(health: Health | Error): Concern[] {
  if (health instanceof Error)
    return [{ says: `The relay does not tell its health: ${sentence(health.message)}` }];
  return health.problems.map((problem) => ({ says: sentence(problem) }));
}

type Gauges = Exclude<Figures["gauges"], Error>;

function concernsOfQueue({ deadLetters = 0, oldestInQueue = 0 }: Gauges): Concern[] {
  const concerns: Concern[] = [];
  if (deadLetters > 0)
    concerns.push({
      says: `${deadLetters.toLocaleString("en")} ${deadLetters === 1 ? "event" : "events"} could not be stored.`,
      link: { href: "/admin#dead-letters", text: "Dead letters" },
    });
  if (oldestInQueue > LONG_WAIT_SECONDS)
    concerns.push({ says: `Events from upstreams have waited for ${amountOf(oldestInQueue)}.` });
  return concerns;
}

function concernsOfUpstreams({ upstreams }: Gauges): Concern[] {
  const failing = upstreams.filter(({ failures }) => failures > 0).length;
  if (failing === 0) return [];
  return [
    {
      says: `${failing} of ${upstreams.length} upstreams ${failing === 1 ? "is" : "are"} failing.`,
      link: { href: "/admin#upstreams", text: "Upstreams" },
    },
  ];
}

function concernsOfCosts({ month, used, limit }: Figures["stats"]["costs"], now: number): Concern[] {
  if (limit === null) return [];
  const [spent, forecast = 0] = [sumOfDollars(month), forecastOf(used, now)];
  if (spent > limit)
    return [{ says: `This month has cost ${dollars(spent)}, more than the limit of ${dollars(limit)}.` }];
  if (forecast <= limit) return [];
  return [{ says: `This month will cost ${dollars(forecast)}, more than the limit of ${dollars(limit)}.` }];
}
