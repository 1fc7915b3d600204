/** The parts of an OpenAPI 3.1 document that the page shows. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

export interface Media {
  schema: Schema;
  examples?: Record<string, { summary?: string; value: unknown }>;
}

export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  /** One of these, each with its schemes. An empty one: none is needed. */
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required: boolean; description?: string; schema: Schema }[];
  requestBody?: { content: Record<string, Media> };
  /** By status. */
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

export interface ApiDocument {
  info: { summary: string; description: string };
  tags: { name: string; description: string }[];
  components: {
    schemas: Record<string, Schema>;
    securitySchemes: Record<string, Record<string, string>>;
  };
  /** By path and method. */
  paths: Record<string, Record<string, Operation>>;
}
