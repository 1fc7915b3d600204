import { type BodyProps, mostOf } from "./body-props.ts";
import { parseProfile } from "./profile.ts";
import { Pictures, RichText } from "./rich-text.tsx";

/** What a person says about themselves. */
export function ProfileBody({ event, profiles, isWhole }: BodyProps) {
  const { name, about, picture, nip05 } = parseProfile(event);
  return (
    <>
      <p>
        <strong>
          <bdi>{name || "Without a name"}</bdi>
        </strong>
        {nip05 && (
          <>
            {" "}
            <bdi class="quiet">{nip05}</bdi>
          </>
        )}
      </p>
      {about && <RichText text={about} profiles={profiles} most={mostOf({ isWhole })} />}
      <Pictures urls={picture === undefined ? [] : [picture]} label="Picture of the profile" />
    </>
  );
}
