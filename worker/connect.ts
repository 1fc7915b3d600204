/** Which hub takes a new connection: the first that is not full. */
import type { Config } from "../relay/config.ts";

export async function connectToHub(
  request: Request,
  hubs: RelayEnv["HUB"],
  config: Pick<Config, "MAX_HUBS">,
): Promise<Response> {
  // One relay has one address (NIP-01): another path would be the same relay under a second one.
  if (new URL(request.url).pathname !== "/") return new Response("connect to the path /", { status: 404 });
  for (let hub = 0; hub < config.MAX_HUBS; hub += 1) {
    const response = await hubs.getByName(`hub-${hub}`).fetch(request);
    if (response.status !== 503) return response;
  }
  return new Response("all hubs are full, try again later", {
    status: 503,
    headers: { "retry-after": "30" },
  });
}
