/** Fetches from upstreams. */
import packageJson from "../../package.json" with { type: "json" };
import { httpUrl, redirected } from "./redirect.ts";

export const CONNECT_MILLISECONDS = 10_000;
/** Some relays and their proxies answer 403 to a client without a name. */
export const USER_AGENT = `Tributary/${packageJson.version} (+${packageJson.homepage})`;

/** Fetches from an upstream. Follows redirects that cannot lead into the network of this machine. */
export async function fetchFollowing(
  url: string,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
): Promise<Response> {
  let address = new URL(httpUrl(url));
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetch(address.href, {
      headers: { ...headers, "user-agent": USER_AGENT },
      redirect: "manual",
      signal,
    });
    const target = response.headers.get("location");
    if (target === null || response.status < 300 || response.status > 399) return response;
    await response.body?.cancel();
    address = redirected(address, target, { first: url, before: redirects });
  }
}
