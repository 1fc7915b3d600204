/**
 * The least that a relay on Workers can do to answer a REQ: a Durable Object with the WebSockets, and one statement of D1 that reads
 * the JSON of the events, for one filter. It shares trips to D1 as the relay does. It checks nothing, limits nobody, and
 * forgets a REQ when it has answered.
 */
import { DurableObject } from "cloudflare:workers";

export class Floor extends DurableObject {
  waiting = [];
  underWay = 0;

  async fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  async webSocketMessage(socket, message) {
    const [verb, id, filter] = JSON.parse(message);
    if (verb !== "REQ") return;
    for (const { json } of await this.read(statement(filter))) socket.send(`["EVENT","${id}",${json}]`);
    socket.send(`["EOSE","${id}"]`);
  }

  /** Reads that come while two batches are under way share the next one. */
  read(asked) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ asked, resolve, reject });
      if (this.underWay < 2) void this.send();
    });
  }

  async send() {
    this.underWay += 1;
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const calls = this.waiting.splice(0, 40);
      try {
        const statements = calls.map(({ asked: [sql, ...values] }) =>
          this.env.DB.prepare(sql).bind(...values),
        );
        const answers = await this.env.DB.batch(statements);
        for (const [at, { resolve }] of calls.entries()) resolve(answers[at].results);
      } catch (error) {
        for (const { reject } of calls) reject(error);
      }
    }
    this.underWay -= 1;
  }
}

export default {
  fetch(request, env) {
    if (request.headers.get("upgrade") === null) return new Response("a benchmark\n");
    return env.FLOOR.getByName("one").fetch(request);
  },
};

/** Returns the SQL and the values for a filter with ids, one author, one value of a tag, or none of these. */
function statement({ ids, kinds = [], authors: [author] = [], until = 1e15, limit = 500, ...tags }) {
  const [[name, [value] = []] = []] = Object.entries(tags);
  const newest = "ORDER BY created_at DESC, id";
  if (ids)
    return [
      `SELECT json FROM event WHERE id IN (SELECT value FROM json_each(?1)) ${newest}`,
      JSON.stringify(ids),
    ];
  if (name !== undefined && author !== undefined)
    return ["SELECT json FROM event WHERE pubkey = ?1 AND kind = ?2 AND d = ?3", author, kinds[0], value];
  if (name !== undefined)
    return [
      `SELECT json FROM tag JOIN event USING (seq) WHERE tag.value = ?1 AND tag.created_at <= ?2
        AND tag.kind IN (${kinds.map(Number).join()}) ORDER BY tag.created_at DESC, tag.id LIMIT ?3 + 0`,
      name.slice(1) + value,
      until,
      limit,
    ];
  if (author !== undefined)
    return [
      `SELECT json FROM event WHERE pubkey = ?1 AND kind = ?2 AND created_at <= ?3 ${newest} LIMIT ?4 + 0`,
      author,
      kinds[0],
      until,
      limit,
    ];
  return [`SELECT json FROM event WHERE created_at <= ?1 ${newest} LIMIT ?2 + 0`, until, limit];
}
