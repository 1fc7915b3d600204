/** What is answered when something is wrong: a stable code and a sentence. */
import { z } from "@hono/zod-openapi";

export const problemSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .openapi("Problem");

export function problem(code: string, message: string): z.infer<typeof problemSchema> {
  return { error: { code, message } };
}
