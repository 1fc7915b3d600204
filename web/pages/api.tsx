/** The HTTP API, from its OpenAPI document. */
import type { ApiDocument } from "./api-document.ts";
import { OperationCard } from "./api-operation.tsx";
import { Fields } from "./api-schema.tsx";
import { Page, type Relay } from "./layout.tsx";

export function ApiPage({ relay, document }: { relay: Relay; document: ApiDocument }) {
  const { info, tags, components, paths } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = tags.map(({ name, description }) => ({
    name,
    description,
    operations: operations.filter(({ operation }) => operation.tags.includes(name)),
  }));
  return (
    <Page relay={relay} title="HTTP API" description={info.description} path="/api" script="page">
      <h1>HTTP API</h1>
      <p class="lead">{info.description}</p>
      <p>
        The address is <code>{relay.origin}</code>. Programs can read the{" "}
        <a href="/api/v1/openapi.json">OpenAPI document</a>. Web pages of any origin may call the API.
      </p>
      <div class="api">
        <nav class="card api-index" aria-label="Operations">
          {groups.map(({ name, description, operations }) => (
            <div key={name}>
              <h2>{description}</h2>
              <ul class="link-list">
                {operations.map(({ path, method, operation }) => (
                  <li key={operation.operationId}>
                    <a href={`#${operation.operationId}`}>
                      <span class={`method method-${method}`}>{method.toUpperCase()}</span> {path}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <div class="api-body">
          {groups.map(({ name, description, operations }) => (
            <section key={name} aria-labelledby={`group-${name}`}>
              <h2 id={`group-${name}`}>{description}</h2>
              <div class="events">
                {operations.map((one) => (
                  <OperationCard key={one.operation.operationId} {...one} origin={relay.origin} />
                ))}
              </div>
            </section>
          ))}
          <section aria-labelledby="authorization">
            <h2 id="authorization">Authorization</h2>
            <dl class="card rules">
              {Object.entries(components.securitySchemes).map(([name, { description }]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{description}.</dd>
                </div>
              ))}
            </dl>
          </section>
          <section aria-labelledby="objects">
            <h2 id="objects">Objects</h2>
            <div class="events">
              {Object.entries(components.schemas).map(([name, schema]) => (
                <article
                  key={name}
                  class="card"
                  id={`schema-${name}`}
                  aria-labelledby={`schema-${name}-title`}
                >
                  <h3 id={`schema-${name}-title`}>{name}</h3>
                  {schema.description !== undefined && <p>{schema.description}.</p>}
                  <Fields schema={schema} />
                </article>
              ))}
            </div>
          </section>
        </div>
      </div>
    </Page>
  );
}
