import { beforeEach, expect, it } from "vitest";
import type { Announced } from "./announced.ts";
import { remembering } from "./remembered.ts";

let asked: string[];
let now: number;
let said: Announced;
let announced: (url: string) => Promise<Announced>;
beforeEach(() => {
  [asked, now, said] = [[], 1000, { maxLimit: 5 }];
  announced = remembering(
    async (url) => {
      asked.push(url);
      return said;
    },
    () => now,
  );
});

it("asks an upstream for its document once a day", async () => {
  expect(await announced("a")).toEqual({ maxLimit: 5 });
  said = { maxLimit: 7 };
  now += 86_399;
  expect(await announced("a")).toEqual({ maxLimit: 5 });
  expect(await announced("b")).toEqual({ maxLimit: 7 });
  now += 1;
  expect(await announced("a")).toEqual({ maxLimit: 7 });
  expect(asked).toEqual(["a", "b", "a"]);
});

it("asks again if there was none, and if it could not be fetched", async () => {
  said = {};
  for (const _ of [1, 2]) expect(await announced("a")).toEqual({});
  expect(asked).toHaveLength(2);
  const failing = remembering(
    async () => Promise.reject(new Error("away")),
    () => now,
  );
  for (const _ of [1, 2]) await expect(failing("a")).rejects.toThrow("away");
});

it("remembers a thousand, the last ones", async () => {
  for (let n = 0; n <= 1000; n += 1) await announced(`relay ${n}`);
  asked = [];
  await announced("relay 1");
  await announced("relay 0");
  expect(asked).toEqual(["relay 0"]);
});
