/** One operation of the HTTP API: how to ask, and what is answered. */
import { CopyButton } from "../parts/copy-button.tsx";
import type { Media, Operation } from "./api-document.ts";
import { Fields, Type } from "./api-schema.tsx";

interface OperationProps {
  method: string;
  path: string;
  operation: Operation;
  /** The address of the relay, without a path. */
  origin: string;
}

export function OperationCard({ method, path, operation, origin }: OperationProps) {
  const { operationId, summary, description, security, parameters = [], requestBody, responses } = operation;
  const example = requestBody && firstExample(requestBody.content);
  const command = commandOf(method, origin + path, requestBody && Object.keys(requestBody.content)[0]);
  return (
    <article class="card operation" id={operationId} aria-labelledby={`${operationId}-title`}>
      <h3 id={`${operationId}-title`}>
        <span class={`method method-${method}`}>{method.toUpperCase()}</span> <code>{path}</code>
      </h3>
      <p>{summary}.</p>
      {description !== undefined && <p>{description}</p>}
      <p class="quiet">{authorizationOf(security)}</p>
      <div class="command-line">
        <pre tabIndex={0} aria-label="An example for the command line">
          {command}
        </pre>
        <CopyButton text={command} />
      </div>
      {parameters.length > 0 && (
        <details>
          <summary>{parameters.length === 1 ? "1 parameter" : `${parameters.length} parameters`}</summary>
          <dl class="parameters">
            {parameters.map(({ name, required, description, schema }) => (
              <div key={name}>
                <dt>
                  <code>{name}</code>
                  {required && <span class="badge">required</span>}
                </dt>
                <dd>
                  <span class="quiet">
                    <Type schema={schema} />
                  </span>
                  {description !== undefined && <div>{description}.</div>}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {requestBody && (
        <details>
          <summary>Body</summary>
          {Object.entries(requestBody.content).map(([type, { schema }]) => (
            <div key={type}>
              <p>
                <code>{type}</code>: <Type schema={schema} />
              </p>
              <Fields schema={schema} />
            </div>
          ))}
          {example !== undefined && example !== "" && (
            <Example value={example} label="An example of the body" />
          )}
        </details>
      )}
      <details>
        <summary>Answers</summary>
        <dl class="parameters">
          {Object.entries(responses).map(([status, { description, content = {} }]) => (
            <div key={status}>
              <dt>
                <code>{status}</code>
              </dt>
              <dd>
                {description}.
                <Answers content={content} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </article>
  );
}

function Answers({ content }: { content: Record<string, Media> }) {
  const example = firstExample(content);
  return (
    <>
      {Object.entries(content).map(([type, { schema }]) => (
        <div key={type} class="quiet">
          <code>{type}</code>
          {type !== "text/html" && (
            <>
              : <Type schema={schema} />
            </>
          )}
        </div>
      ))}
      {example !== undefined && example !== "" && (
        <Example value={example} label="An example of the answer" />
      )}
    </>
  );
}

function Example({ value, label }: { value: unknown; label: string }) {
  return (
    <pre tabIndex={0} role="group" aria-label={label}>
      {typeof value === "string" ? value : JSON.stringify(value, undefined, 2)}
    </pre>
  );
}

function firstExample(content: Record<string, Media>): unknown {
  for (const { examples = {} } of Object.values(content))
    for (const { value } of Object.values(examples)) return value;
  return undefined;
}

function authorizationOf(security: Operation["security"]): string {
  const schemes = security.flatMap((one) => Object.keys(one));
  if (schemes.length === 0) return "Needs no authorization.";
  const isOptional = security.some((one) => Object.keys(one).length === 0);
  return `${isOptional ? "Authorization is optional" : "Needs authorization"}: ${schemes.join(" or ")}.`;
}

/** Returns the command that makes the request with curl. */
function commandOf(method: string, url: string, type: string | undefined): string {
  const address = url.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  if (method === "get") return `curl '${address}'`;
  return `curl -X ${method.toUpperCase()} '${address}' \\\n  -H 'content-type: ${type ?? "application/json"}' \\\n  -d @body.json`;
}
