import { expect, it } from "vitest";
import { withoutStackTraces } from "./mistake.ts";

it("a client is told of a mistake in general, and the operator all of it", async () => {
  const error = new Error("no such file: /home/operator/relay");
  const reported: unknown[] = [];
  const report = (problem: unknown) => void reported.push(problem);
  const fetch = withoutStackTraces(async (_request: Request, fails: boolean) => {
    if (fails) throw error;
    return new Response("fine");
  }, report);
  const request = new Request("http://relay.test/");
  expect(await (await fetch(request, false)).text()).toBe("fine");
  expect(reported).toEqual([]);
  const response = await fetch(request, true);
  expect([response.status, await response.text()]).toEqual([
    500,
    "internal error of the relay; its log has the details",
  ]);
  expect(reported).toEqual([error]);
});
