/** A session as a reader of stored events. */
import type { View } from "../../store/store.ts";
import type { Access } from "../access/access.ts";
import type { Reader } from "../reads.ts";
import type { Session } from "./session.ts";

export type ReadAccess = Pick<Access, "refuseRead" | "isProbablyOpen">;

export function readerOf(session: Session, access: ReadAccess): Reader {
  const { network, keys, client } = session;
  const { isProbablyOpen } = access;
  return {
    network,
    keys,
    client,
    mayProbablyRead: isProbablyOpen,
    refuseRead: () => access.refuseRead(keys),
  };
}

/** Returns for whom the store is read. `now` is in Unix seconds. */
export function viewOf({ keys }: Session, now: number): View {
  return { keys: [...keys], now };
}
