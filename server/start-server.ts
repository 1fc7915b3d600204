/** How a server is started, for scripts that load its built file. */

/** The built files of the pages, by the path in their address. */
export type PageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export interface ServerOptions {
  host: string;
  port: number;
  /** The folder for all data, which exists. */
  state: string;
  settings: Record<string, string>;
  pageFiles: PageFiles;
  /** Whether a proxy says in X-Forwarded-For who the client is. */
  isBehindProxy: boolean;
}

export type StartServer = (options: ServerOptions) => Promise<Server>;

export interface Server {
  /** Does at once what each minute brings. */
  runMinuteJobs(): void;
  stop(): Promise<void>;
}
