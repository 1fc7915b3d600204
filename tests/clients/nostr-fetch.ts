import { NostrFetcher } from "nostr-fetch";
import { type Client, idsOf, type Library } from "./library.ts";

export const nostrFetch: Library = {
  name: "nostr-fetch",
  lacks: {
    publish: "only reads what is stored",
    live: "only reads what is stored",
    auth: "sends no AUTH",
    count: "sends no COUNT",
  },
  needs: "nothing",
  async connect(url): Promise<Client> {
    const fetcher = NostrFetcher.init();
    return {
      query: async (filter) => idsOf(await fetcher.fetchAllEvents([url], filter, {}, { sort: true })),
      close: () => fetcher.shutdown(),
    };
  },
};
