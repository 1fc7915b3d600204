/** The title of an event. Nothing if it has none. */
export function Title({ text }: { text: string | undefined }) {
  if (!text) return null;
  return (
    <p>
      <strong>
        <bdi>{text}</bdi>
      </strong>
    </p>
  );
}
