/**
 * Watches how WebSockets end: those of Node, and those of the package `ws`, which several libraries use. Import this file
 * before the libraries.
 */
import { WebSocket as WsWebSocket } from "ws";

/** The sockets that were opened after one call to `watchSockets` and before the next. */
export interface Watched {
  opened: number;
  /** The close codes of sockets that have ended. */
  codes: number[];
}

let current: Watched = { opened: 0, codes: [] };
const watchedBy = new WeakMap<object, Watched>();

export function watchSockets(): Watched {
  current = { opened: 0, codes: [] };
  return current;
}

function onOpen(socket: object): void {
  watchedBy.set(socket, current);
  current.opened += 1;
}

function onClose(socket: object, code: number): void {
  watchedBy.get(socket)?.codes.push(code);
}

const emit = WsWebSocket.prototype.emit;
WsWebSocket.prototype.emit = function watched(this: WsWebSocket, ...args: Parameters<typeof emit>) {
  if (args[0] === "open") onOpen(this);
  if (args[0] === "close") onClose(this, Number(args[1]));
  return emit.apply(this, args);
} as typeof emit;

globalThis.WebSocket = class extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    this.addEventListener("open", () => onOpen(this));
    this.addEventListener("close", ({ code }) => onClose(this, code));
  }
};
