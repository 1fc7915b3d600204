/** The parts of OpenAPI 3.1 that the document uses. */

/** The part of JSON Schema 2020-12 that is used here. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  anyOf?: Schema[];
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | false;
  examples?: unknown[];
}

export interface Parameter {
  name: string;
  in: "query" | "path" | "header";
  required: boolean;
  description?: string;
  schema: Schema;
  style?: "form";
  explode?: boolean;
}

export interface Header {
  description: string;
  schema: Schema;
}

export interface Media {
  schema: Schema;
  examples?: Record<string, { summary?: string; value: unknown }>;
}

export interface Body {
  /** By media type. */
  content: Record<string, Media>;
}

export interface Answer extends Partial<Body> {
  description: string;
  headers?: Record<string, { $ref: string }>;
}

/** By status. */
export type Answers = Record<string, Answer>;

export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  /** One of these, each with its schemes. An empty one: none is needed. */
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: Body & { required: true };
  responses: Answers;
}

export interface OpenApiDocument {
  openapi: "3.1.0";
  info: {
    title: string;
    version: string;
    summary: string;
    description: string;
    license: { name: string; identifier: string };
  };
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  components: {
    schemas: Record<string, Schema>;
    headers: Record<string, Header>;
    securitySchemes: Record<string, Record<string, string>>;
  };
  /** By path and method. */
  paths: Record<string, Record<string, Operation>>;
}
