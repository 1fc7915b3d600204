import { expect, it, vi } from "vitest";
import { around } from "./around.ts";

const failure = new TypeError("no");

it("work that returns at once has ended then", () => {
  const ended = vi.fn<(failure: unknown) => void>();
  expect(around(() => 7, ended)).toBe(7);
  expect(ended.mock.calls).toEqual([[undefined]]);
});

it("work that returns a promise ends when that is settled", async () => {
  const ended = vi.fn<(failure: unknown) => void>();
  const { promise, resolve } = Promise.withResolvers<number>();
  const result = around(() => promise, ended);
  expect(ended).not.toHaveBeenCalled();
  resolve(7);
  expect(await result).toBe(7);
  expect(ended.mock.calls).toEqual([[undefined]]);
});

it("an error is told, and passed on", async () => {
  const ended = vi.fn<(failure: unknown) => void>();
  const fail = (): void => {
    throw failure;
  };
  expect(() => around(fail, ended)).toThrow(failure);
  await expect(around(() => Promise.reject(failure), ended)).rejects.toBe(failure);
  expect(ended.mock.calls).toEqual([[{ error: failure }], [{ error: failure }]]);
});
