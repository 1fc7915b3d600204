/** The text of a note, with links, mentions and hashtags. Pictures are offered below it. */
import { Person } from "./author.tsx";
import { hashtagPath, shownReference } from "./links.ts";
import { Picture } from "./picture.tsx";
import { cut, tidyText } from "./plain-text.ts";
import type { Profiles } from "./profile.ts";
import { isPicture } from "./safe-url.ts";
import { type Token, tokensOf } from "./text-tokens.ts";

interface RichTextProps {
  text: string;
  profiles: Profiles;
  /** Maximum number of characters. */
  most: number;
}

const MOST_PICTURES = 4;

export function RichText({ text, profiles, most }: RichTextProps) {
  const tokens = tokensOf(cut(tidyText(text.slice(0, 4 * most)), most));
  const pictures = tokens.flatMap((token) =>
    token.kind === "link" && isPicture(token.url) ? [token.url.href] : [],
  );
  return (
    <>
      <p class="text" dir="auto">
        {tokens.map((token, at) => (
          <Piece key={at} token={token} profiles={profiles} />
        ))}
      </p>
      <Pictures urls={pictures} />
    </>
  );
}

/** Offers the first pictures of an event. */
export function Pictures({ urls, label = "Picture of this event" }: { urls: string[]; label?: string }) {
  const shown = [...new Set(urls)].slice(0, MOST_PICTURES);
  if (shown.length === 0) return null;
  return (
    <div class="pictures">
      {shown.map((url) => (
        <Picture key={url} url={url} label={label} />
      ))}
    </div>
  );
}

function Piece({ token, profiles }: { token: Token; profiles: Profiles }) {
  switch (token.kind) {
    case "text":
      return <>{token.text}</>;
    case "link":
      return <ExternalLink url={token.url} />;
    case "hashtag":
      return <a href={hashtagPath(token.tag)}>#{token.tag}</a>;
    case "person":
      return <Person pubkey={token.pubkey} profiles={profiles} />;
    case "event":
      return <a href={`/e/${token.code}`}>{shownReference(token.code)}</a>;
  }
}

export function ExternalLink({ url, children }: { url: URL; children?: string }) {
  const whole = `${url.host}${url.pathname === "/" ? "" : url.pathname}${url.search}`;
  return (
    <a href={url.href} rel="noreferrer nofollow" target="_blank">
      {children ?? cut(whole, 60)}
    </a>
  );
}
