/** What the relay costs on Cloudflare, as far as it can count that. */
import { PLAN, PRICES_READ } from "../../telemetry/prices.ts";
import type { StatsAnswer } from "../../telemetry/stats-answer.ts";
import { briefly, dollars, percent } from "./figures/format.ts";
import { forecastOf, type ItemCost, itemsOf, sumOfDollars } from "./figures/forecast.ts";

export function Costs({ costs, now }: { costs: StatsAnswer["costs"]; now: number }) {
  const { today, month, used, limit } = costs;
  const forecast = forecastOf(used, now);
  return (
    <div class="card stack costs">
      <dl class="cost-figures">
        <Amount name="Today" value={dollars(sumOfDollars(today))} />
        <Amount name="This month so far" value={dollars(sumOfDollars(month))} />
        <Amount
          name="Whole month, forecast"
          value={forecast === undefined ? "from the 2nd on" : dollars(forecast)}
        />
        <Amount name="Limit a month" value={limit === null ? "none set" : dollars(limit)} />
      </dl>
      <div class="scrolled" tabIndex={0} role="region" aria-label="Costs by item">
        <table>
          <thead>
            <tr>
              <th scope="col">Item</th>
              <th scope="col">Used this month</th>
              <th scope="col">Of what the plan includes</th>
              <th scope="col">Today</th>
              <th scope="col">This month</th>
            </tr>
          </thead>
          <tbody>
            {itemsOf(used, month).map((one) => (
              <tr key={one.item}>
                <th scope="row">{one.line}</th>
                <td>{briefly(one.used)}</td>
                <td>
                  <Share {...one} />
                </td>
                <td>{dollars(today[one.item] ?? 0)}</td>
                <td>{dollars(one.month)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet">
        An estimate in US dollars with Cloudflare's prices of {PRICES_READ}, beyond the plan itself (
        {dollars(PLAN)} a month) and what it includes. Days and months begin at midnight UTC. The forecast is
        what the month costs if it goes on as it did so far. Not counted are CPU time, the duration and alarms
        of objects, storage and logs, because the relay cannot see them. Cloudflare's bill is for the whole
        account.
      </p>
    </div>
  );
}

function Share({ line, used, included }: ItemCost) {
  const share = used / included;
  const text = share > 1 ? `all of ${briefly(included)}` : `${percent(share)} of ${briefly(included)}`;
  return (
    <>
      <meter max={included} value={used} high={0.9 * included} optimum={0} aria-label={`${line}: ${text}`} />{" "}
      {text}
    </>
  );
}

function Amount({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
