/** What a channel is told: some news as one text, and as JSON for a webhook. */
import { maskQueries } from "../../telemetry/mask-queries.ts";
import type { News, NewsKind } from "./alerts.ts";

export interface Notification {
  /** For people. */
  text: string;
  news: readonly News[];
}

/** Discord accepts 2,000 characters. */
const LONGEST_TEXT = 1900;
const MOST_NEWS = 50;

const WORDS: Record<NewsKind, string> = {
  begun: "Problem",
  worse: "Worse",
  still: "Still a problem",
  over: "Over",
};

/** `relay` is the name or the address of the relay. */
export function notificationOf(relay: string, news: readonly News[]): Notification {
  const said = news.slice(0, MOST_NEWS).map((one) => ({
    ...one,
    id: maskQueries(one.id),
    message: maskQueries(one.message),
  }));
  const lines = said.map(({ kind, message, todo }) =>
    kind === "over" ? `${WORDS.over}: ${message}` : `${WORDS[kind]}: ${message}\nWhat to do: ${todo}`,
  );
  const text = `${relay}\n${lines.join("\n")}`;
  return { text: text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`, news: said };
}

/** Returns the body of a webhook. Slack and Mattermost show `text`, Discord `content`; `alerts` is for programs. */
export function webhookBody({ text, news }: Notification): string {
  const alerts = news.map(({ id, kind, message, todo, since }) => ({
    id,
    state: kind,
    message,
    todo,
    since,
  }));
  return JSON.stringify({ text, content: text, alerts });
}
