/** What an event says, by its kind. */
import type { ComponentType } from "preact";
import * as KINDS from "../../nostr/kinds.ts";
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import { Deletion, Encrypted, Reaction, Report, Repost, Vanish, Zap } from "./action-bodies.tsx";
import type { BodyProps } from "./body-props.ts";
import { JsonView } from "./json-view.tsx";
import { ListBody } from "./list-body.tsx";
import { ProfileBody } from "./profile-body.tsx";
import { tagText } from "./tags.ts";
import { CodeBody, FileBody, TextBody, TitledBody } from "./text-bodies.tsx";

const BODIES: [ComponentType<BodyProps>, readonly number[]][] = [
  [ProfileBody, [KINDS.PROFILE]],
  [TextBody, [KINDS.NOTE, 9, 11, 42, KINDS.COMMENT, 1244, 1311, 1622, 2004, 9802, 30_315]],
  [Deletion, [KINDS.DELETION]],
  [Repost, [KINDS.REPOST, KINDS.GENERIC_REPOST]],
  [Reaction, [KINDS.REACTION, 17]],
  [Vanish, [KINDS.VANISH]],
  [Report, [KINDS.REPORT]],
  [Zap, [KINDS.ZAP_RECEIPT]],
  [FileBody, [20, 21, 22, 1063, 1222, 34_235, 34_236]],
  [CodeBody, [1337, 1617, 64]],
  [
    TitledBody,
    [
      1068, 1618, 1621, 9041, 30_009, 30_023, 30_024, 30_040, 30_041, 30_311, 30_312, 30_313, 30_402, 30_403,
      30_617, 30_818, 31_922, 31_923, 34_550, 39_000,
    ],
  ],
  [
    Encrypted,
    [
      ...PRIVATE_KINDS,
      ...KINDS.WALLET,
      KINDS.SEAL,
      KINDS.GROUP_WELCOME,
      KINDS.GROUP_MESSAGE,
      KINDS.RATCHET_MESSAGE,
      KINDS.REMOTE_SIGNING,
      7374,
      7375,
      7376,
      17_375,
    ],
  ],
];
const BODY_OF = new Map(BODIES.flatMap(([body, kinds]) => kinds.map((kind) => [kind, body] as const)));

export function EventBody(props: BodyProps) {
  const Body = BODY_OF.get(props.event.kind) ?? (isList(props.event.kind) ? ListBody : OtherBody);
  return <Body {...props} />;
}

/** Returns whether a kind is a list or a set (NIP-02, NIP-51). */
function isList(kind: number): boolean {
  return (
    kind === KINDS.CONTACTS ||
    (kind >= 10_000 && kind < 10_100) ||
    (kind >= 30_000 && kind < 30_040) ||
    kind === 39_089
  );
}

/** A kind that this page does not know: what it says of itself (NIP-31), and all of it as JSON. */
function OtherBody({ event }: BodyProps) {
  const summary = tagText(event, "alt") || tagText(event, "title") || tagText(event, "name");
  return (
    <>
      <p class="quiet">{summary === "" ? `An event of kind ${event.kind}.` : <bdi>{summary}</bdi>}</p>
      <JsonView event={event} />
    </>
  );
}
