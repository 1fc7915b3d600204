/** Ports for the programs that a test or a benchmark starts. */
import { once } from "node:events";
import { createServer } from "node:net";

/** Systems give ports from here on to outgoing connections: Linux from 32768, others from 49152. */
const END = 32_768;
const FIRST = 10_000;

/**
 * Returns a port that nothing listens on. The system does not give it to anybody else before it is used, and two programs that ask
 * at the same time get different ones, nearly always.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
