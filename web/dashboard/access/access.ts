/** What the page shows the relay so that it may read the figures. */
import { authorization } from "../../shared/signer/authorization.ts";
import type { Signer } from "../../shared/signer/signer.ts";

/** undefined: nothing, which is enough on the relay's own machine. */
export type Access = { token: string } | { signer: Signer } | undefined;

/** Returns the headers of one GET request. Rejects if the signer refuses. */
export async function headersFor(access: Access, path: string): Promise<Record<string, string>> {
  if (!access) return {};
  if ("token" in access) return { authorization: `Bearer ${access.token}` };
  return { authorization: await authorization(access.signer, { path, method: "GET" }) };
}
