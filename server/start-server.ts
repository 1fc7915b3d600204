/** How a server is started, for scripts that load its built file. */

export interface ServerOptions {
  host: string;
  port: number;
  /** The folder for all data, which exists. */
  state: string;
  settings: Record<string, string>;
  /** The folder of the pages' built files. */
  assets: string;
  /** Whether a proxy says in X-Forwarded-For who the client is. */
  isBehindProxy: boolean;
}

export type StartServer = (options: ServerOptions) => Promise<Server>;

export interface Server {
  /** Does at once what each minute brings. */
  runMinuteJobs(): void;
  stop(): Promise<void>;
}
