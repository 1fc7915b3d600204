/** How spans name the queues. */
import type { Attributes } from "./tracing.ts";

export type QueueName = "pulls" | "events" | "dead";

/** Returns the service that stands for a queue in a graph of services. */
export function queuePeer(queue: QueueName): string {
  return `queue-${queue}`;
}

export function queueAttributes(queue: QueueName): Attributes {
  return { "messaging.system": "cloudflare-queues", "messaging.destination.name": queue };
}

/** Returns the attributes of a queue by its whole name, which begins with that of the deployment. */
export function queueNamed(name: string): Attributes {
  return {
    "messaging.system": "cloudflare-queues",
    "messaging.destination.name": name.split("-").at(-1) ?? "",
  };
}
