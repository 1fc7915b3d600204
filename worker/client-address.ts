/** The address of a client of a Worker. */

/** Returns the client's IP address; undefined if Cloudflare does not tell, as with `npm start`. */
export function clientAddress(request: Request): string | undefined {
  return request.headers.get("cf-connecting-ip") ?? undefined;
}
