import { describe, expect, it } from "vitest";
import { METHODS, PARAMS, parseCall } from "./management.ts";

const KEY = "a".repeat(64);

it("[38] every method of NIP-86 is there", () => {
  const names = `
    supportedmethods banpubkey unbanpubkey listbannedpubkeys
    allowpubkey unallowpubkey listallowedpubkeys createrole
    editrole deleterole assignrole unassignrole
    listeventsneedingmoderation allowevent banevent listbannedevents
    changerelayname changerelaydescription changerelayicon allowkind
    disallowkind listallowedkinds blockip unblockip
    listblockedips`;
  expect(Object.keys(METHODS)).toEqual(expect.arrayContaining(names.trim().split(/\s+/)));
});

it.each([
  [{ method: "banpubkey", params: [KEY, "spam"] }, [KEY, "spam"]],
  [{ method: "banpubkey", params: [KEY] }, [KEY, ""]],
  [{ method: "banpubkey", params: [KEY, null] }, [KEY, ""]],
  [{ method: "allowkind", params: ["7"] }, [7, ""]],
  [{ method: "allowkind", params: [65_535] }, [65_535, ""]],
  [{ method: "blockip", params: ["2001:DB8::1"] }, ["2001:db8::1", ""]],
  [{ method: "createrole", params: ["r", "King", "rules", "37", -1] }, ["r", "King", "rules", 37, -1]],
  [{ method: "createrole", params: ["r"] }, ["r", "", "", null, null]],
  [{ method: "changerelayicon", params: [""] }, [""]],
  [{ method: "listallowedkinds" }, []],
  [{ method: "listallowedkinds", params: [], more: 1 }, []],
])("[38] %j is read as %j", (body, values) => {
  expect(parseCall(body)).toEqual({
    ok: true,
    call: { method: body.method, values, params: "params" in body ? body.params : [] },
  });
});

describe("[38] is refused with a sentence:", () => {
  it.each<[unknown, string]>([
    [null, "an object with method"],
    [[], "an object with method"],
    ["banpubkey", "an object with method"],
    [{ params: [] }, "an object with method"],
    [{ method: 7, params: [] }, "an object with method"],
    [{ method: "banpubkey", params: KEY }, "an object with method"],
    [{ method: "banpubkeys", params: [] }, 'no method "banpubkeys"'],
    [{ method: "constructor", params: [] }, 'no method "constructor"'],
    [{ method: "banpubkey", params: [] }, `pubkey is missing, expected ${PARAMS.pubkey.expected}`],
    [{ method: "banpubkey", params: [KEY.toUpperCase()] }, "expected 64 lower-case hex"],
    [{ method: "banpubkey", params: [[KEY]] }, "pubkey is ["],
    [{ method: "banpubkey", params: [KEY, 5] }, "reason is 5"],
    [{ method: "banpubkey", params: [KEY, "x".repeat(501)] }, "reason is"],
    [{ method: "banpubkey", params: [KEY, "\ud800"] }, "reason is"],
    [{ method: "banpubkey", params: [KEY, "", ""] }, "takes 2 parameters, and there are 3"],
    [{ method: "banevent", params: ["note1"] }, 'event is "note1"'],
    [{ method: "allowkind", params: [65_536] }, "kind is 65536"],
    [{ method: "allowkind", params: [1.5] }, "kind is 1.5"],
    [{ method: "allowkind", params: ["one"] }, 'kind is "one"'],
    [{ method: "blockip", params: ["localhost"] }, 'ip is "localhost"'],
    [{ method: "changerelayicon", params: ["javascript:alert(1)"] }, "icon is"],
    [{ method: "changewriteaccess", params: ["nobody"] }, "expected open, auth or allow"],
    [{ method: "createrole", params: [""] }, 'role is ""'],
    [{ method: "createrole", params: ["r", "", "", 361] }, "color is 361"],
  ])("%j", (body, says) => {
    expect(parseCall(body)).toEqual({ ok: false, reason: expect.stringContaining(says) });
  });
});
