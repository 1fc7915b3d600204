/** The port to listen on, and what is wrong with it. */
import { createServer } from "node:net";
import { CommandError } from "../shared/usage.ts";

/** Checks the port before anything is built. */
export async function assertPortIsFree(port: number, host: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no ::1.
      if (host === "::1" && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT")) return done();
      failed(unusable(error, port, host));
    });
    server.listen(port, host, () => server.close(() => done()));
  });
}

export function unusable(error: NodeJS.ErrnoException, port: number, host: string): CommandError {
  if (error.code === "EADDRINUSE") return portInUse(port);
  if (error.code === "EADDRNOTAVAIL")
    return new CommandError(`--host is ${host}, which is not an address of this machine`);
  return new CommandError(`port ${port} cannot be used (${error.message}): choose another with --port`);
}

export function portInUse(port: number): CommandError {
  const other = port === 65_535 ? port - 1 : port + 1;
  return new CommandError(`port ${port} is in use: choose another, such as --port ${other}`);
}
