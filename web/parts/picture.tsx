/**
 * A picture from another host. It is loaded only when someone asks for it, because its host then learns who looks. On a page that
 * the server rendered it is a link, which `web/shared/pictures.ts` turns into the picture.
 */
import { useState } from "preact/hooks";

export function Picture({ url, label }: { url: string; label: string }) {
  const [isShown, setShown] = useState(false);
  if (isShown) return <img class="picture" src={url} alt={label} referrerpolicy="no-referrer" />;
  const show = (click: Event) => {
    click.preventDefault();
    setShown(true);
  };
  return (
    <a
      class="button show-picture"
      href={url}
      rel="noreferrer nofollow"
      data-label={label}
      title={`From ${new URL(url).host}`}
      onClick={show}
    >
      Show picture
    </a>
  );
}
