/** Roles: labels for keys, which give no rights. */
import { useState } from "preact/hooks";
import type { ListedRole } from "../../shared/management/answers.ts";
import { Deed } from "../parts/deed.tsx";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { useRelay } from "../parts/relay.tsx";
import { Empty, Section } from "../parts/section.tsx";
import { Members } from "./members.tsx";
import { RoleForm } from "./role-form.tsx";
import { RoleBadge } from "./role-badge.tsx";

export function Roles() {
  const loading = useAnswer("listroles");
  return (
    <Section
      title="Roles"
      about="A role is a label for keys, such as “moderator” or “member”. Clients may show it. It gives no rights: only RELAY_ADMINS may manage this relay."
      of={loading}
    >
      <details class="card add">
        <summary>Create a role</summary>
        <RoleForm role={undefined} done={loading.reload} />
      </details>
      <Loaded of={loading}>
        {(roles) =>
          roles.length === 0 ? (
            <Empty title="There are no roles yet." />
          ) : (
            <div class="columns">
              {roles.map((role) => (
                <RoleCard key={role.id} role={role} done={loading.reload} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Section>
  );
}

function RoleCard({ role, done }: { role: ListedRole; done(): Promise<void> }) {
  const { call } = useRelay();
  const [isEdited, setEdited] = useState(false);
  const { id, description, members } = role;
  return (
    <article class="card stack">
      <div class="row">
        <RoleBadge role={role} />
        <code class="quiet">{id}</code>
      </div>
      {description && <p>{description}</p>}
      {isEdited ? (
        <RoleForm
          role={role}
          done={async () => {
            setEdited(false);
            await done();
          }}
          cancel={() => setEdited(false)}
        />
      ) : (
        <div class="row">
          <button type="button" aria-label={`Edit: ${id}`} onClick={() => setEdited(true)}>
            Edit
          </button>
          <Deed
            label="Delete"
            about={id}
            tone="danger"
            question={{
              title: `Delete the role ${id}?`,
              text: <p>{deletionText(members.length)} The keys themselves stay as they are.</p>,
              button: "Delete the role",
            }}
            act={async () => {
              await call("deleterole", id);
              return { said: `The role ${id} is deleted.` };
            }}
            done={done}
          />
        </div>
      )}
      <Members role={role} done={done} />
    </article>
  );
}

function deletionText(members: number): string {
  if (members === 0) return "No key has it.";
  return members === 1 ? "One key has it and loses it." : `${members} keys have it and lose it.`;
}
