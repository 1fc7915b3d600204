/** What an admin can do with an upstream at once. */
import type { UpstreamStatus } from "../../shared/management/answers.ts";
import { Deed } from "../parts/deed.tsx";
import { useRelay } from "../parts/relay.tsx";

interface Props {
  upstream: UpstreamStatus;
  done(): void | Promise<void>;
}

export function PauseOrResume({ upstream: { url, state }, done }: Props) {
  const { call } = useRelay();
  if (state === "unlisted") return null;
  if (state === "paused")
    return (
      <Deed
        label="Resume"
        about={url}
        act={async () => {
          await call("resumeupstream", url);
          return { said: `${url} is pulled again, from where it stopped.` };
        }}
        done={done}
      />
    );
  return (
    <Deed
      label="Pause"
      about={url}
      act={async () => {
        await call("pauseupstream", url);
        return {
          said: `${url} is paused. It goes on where it stops now.`,
          undo: {
            label: "Resume",
            act: async () => {
              await call("resumeupstream", url);
              await done();
              return `${url} is pulled again, from where it stopped.`;
            },
          },
        };
      }}
      done={done}
    />
  );
}

export function Remove({ upstream: { url, settings }, done }: Props) {
  const { call } = useRelay();
  return (
    <Deed
      label="Remove"
      about={url}
      tone="danger"
      question={{
        title: "Remove this upstream?",
        text: (
          <p>
            <bdi>{url}</bdi> is not pulled any more, and how far it was pulled is forgotten. Its events stay.
            If you add it again, it is pulled from the beginning.
          </p>
        ),
        button: "Remove the upstream",
      }}
      act={async () => {
        await call("removeupstream", url);
        return {
          said: `${url} is removed.`,
          undo: {
            label: "Add it again",
            act: async () => {
              const { version: _, ...again } = (settings ?? {}) as Record<string, unknown>;
              await call("addupstream", url, again);
              return `${url} is added again, with the same settings. It is pulled from the beginning.`;
            },
          },
        };
      }}
      done={done}
    />
  );
}
