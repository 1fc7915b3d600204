/** The page of a view that a script draws. */
import { Page, type PageProps } from "./layout.tsx";

export function ViewPage({ title, ...page }: Omit<PageProps, "children"> & { script: string }) {
  return (
    <Page title={title} {...page}>
      <h1>{title}</h1>
      <noscript>
        <p>This page needs JavaScript.</p>
      </noscript>
      <div id="view" />
    </Page>
  );
}
