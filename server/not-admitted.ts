/** The answer to a connection that no hub takes. */
import { refusalResponse } from "../http/refusal.ts";
import type { Admission } from "./hubs.ts";

export function notAdmitted(admission: Exclude<Admission, { kind: "hub" }>): Response {
  switch (admission.kind) {
    case "too-much":
      return refusalResponse(admission.refusal);
    case "blocked":
      return new Response("this address is blocked", { status: 403 });
    case "full":
      return new Response("all hubs are full; try again later", {
        status: 503,
        headers: { "retry-after": "30" },
      });
  }
}
