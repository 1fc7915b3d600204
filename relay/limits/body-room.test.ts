import { expect, test } from "vitest";
import { BodyRoom } from "./body-room.ts";

/** A body whose client sends when the test says so. */
function sent() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (one) => void (controller = one),
    cancel: () => void (controller = undefined),
  });
  return {
    body,
    /** Resolves when the relay has read it. */
    async send(bytes: number) {
      controller?.enqueue(new Uint8Array(bytes).fill(bytes));
      await new Promise((resolve) => setTimeout(resolve));
    },
    close: () => controller?.close(),
  };
}

test("a body is read whole, and one that is too long is not", async () => {
  const room = new BodyRoom(100);
  const [short, long] = [sent(), sent()];
  const read = [short, long].map(({ body }) => room.read(body, { client: 1, longest: 50 }));
  await short.send(20);
  await short.send(30);
  short.close();
  await long.send(51);
  const [bytes, refused] = await Promise.all(read);
  expect([...(bytes as Uint8Array)]).toEqual([...Array(20).fill(20), ...Array(30).fill(30)]);
  expect(refused).toBe("too-long");
  expect(await room.read(null, { client: 1, longest: 0 })).toHaveLength(0);
});

test("a client that sends many bodies loses its first ones, and nobody else loses any", async () => {
  const room = new BodyRoom(100);
  const other = sent();
  const ofOther = room.read(other.body, { client: "other", longest: 50 });
  await other.send(30);
  const many = Array.from({ length: 10 }, () => sent());
  const read = many.map(({ body }) => room.read(body, { client: "greedy", longest: 50 }));
  for (const one of many) await one.send(20);
  // A body that was cut is noticed with the next bytes.
  for (const one of many) {
    await one.send(1);
    one.close();
  }
  other.close();
  const answers = (await Promise.all(read)).map((answer) => (typeof answer === "string" ? answer : "read"));
  expect(answers).toEqual([...Array(7).fill("no-room"), ...Array(3).fill("read")]);
  expect(await ofOther).toHaveLength(30);
});

test("what has ended leaves its room, however it ended", async () => {
  const room = new BodyRoom(100);
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(10));
      controller.error(new Error("the client has left"));
    },
  });
  expect(await room.read(broken, { client: 1, longest: 50 })).toBe("broken");
  for (let n = 0; n < 30; n += 1) {
    const one = sent();
    const read = room.read(one.body, { client: n, longest: 50 });
    await one.send(40);
    if (n % 3 === 0) await one.send(20);
    one.close();
    expect(await read).toEqual(n % 3 === 0 ? "too-long" : new Uint8Array(40).fill(40));
  }
});
