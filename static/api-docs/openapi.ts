// What the explorer knows of OpenAPI: exactly as much as the server's own document uses.

export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}

export interface Parameter {
  name: string;
  in: 'query' | 'header';
  required: boolean;
  description: string;
  schema?: Schema;
  content?: Record<string, { schema: Schema }>;
}

export interface Answer {
  $ref?: string;
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  deprecated?: boolean;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Answer>;
  security: Record<string, string[]>[];
  'x-weight': number;
}

export interface Document {
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer> };
}

/** A method of a path. */
export interface Route {
  method: string;
  path: string;
  operation: Operation;
}

/** A request, ready to be sent. */
export interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Every route once: a path that differs from another only in a slash at its end is left out. */
export function routesOf(document: Document): Route[] {
  const paths = Object.entries(document.paths).filter(([path]) => !path.endsWith('/') || !(path.slice(0, -1) in document.paths));
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const CREDENTIALS: Record<string, string> = {
  apiKey: 'an API key',
  signature: 'signature',
  session: 'a session',
  csrf: 'CSRF token',
  operator: 'the operator’s token',
};

/** What a caller needs: each alternative has one or more schemes that are needed together. */
export function credentialsText({ security }: Operation): string {
  if (security.length === 0) return 'No credentials needed.';
  const ways = security.map((schemes) => Object.keys(schemes).map((name) => CREDENTIALS[name] ?? name).join(' and '));
  return `Requires ${ways.join(', or ')}.`;
}

/** Whether every word of a search occurs in the route. */
export function matches(route: Route, search: string): boolean {
  const text = `${route.method} ${route.path} ${route.operation.summary}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** The schema behind a reference, which is always one of the components. */
export function resolve(document: Document, schema: Schema): Schema {
  return schema.$ref ? (document.components.schemas[nameOf(schema.$ref)] ?? {}) : schema;
}

export function resolveAnswer(document: Document, answer: Answer): Answer {
  return answer.$ref ? (document.components.responses[nameOf(answer.$ref)] ?? answer) : answer;
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

export function schemaOf(parameter: Parameter): Schema {
  return parameter.schema ?? parameter.content?.['application/json']?.schema ?? {};
}

/** A type in a few words: `[Fill]`, `BUY or SELL`. */
export function typeText(schema: Schema): string {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' or ');
  if (schema.enum) return schema.enum.join(' or ');
  if (schema.items) return `[${typeText(schema.items)}]`;
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeText).join(', ')}]`;
  if (schema.type === 'string' && schema.pattern?.includes('[0-9]')) return 'decimal';
  return schema.type ?? 'anything';
}

/** The values a parameter may have, if it is an enumeration. */
export function choices(document: Document, parameter: Parameter): string[] {
  const schema = resolve(document, schemaOf(parameter));
  return schema.enum ?? (schema.type === 'boolean' ? ['true', 'false'] : []);
}

/** A template for a request body. */
export function sample(document: Document, schema: Schema): unknown {
  const known = resolve(document, schema);
  if (known.enum) return known.enum[0];
  if (known.anyOf?.[0]) return sample(document, known.anyOf[0]);
  switch (known.type) {
    case 'object': {
      const wanted = Object.entries(known.properties ?? {}).filter(([name]) => known.required?.includes(name));
      return Object.fromEntries(wanted.map(([name, member]) => [name, sample(document, member)]));
    }
    case 'array':
      return known.items ? [sample(document, known.items)] : [];
    case 'integer':
      return known.minimum ?? 0;
    case 'boolean':
      return false;
    default:
      return '';
  }
}

/** Puts together what is sent; parameters left empty are left out. */
export function buildRequest(
  route: Route,
  values: Record<string, string>,
  body: string,
  csrf: string | null,
): Request {
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const parameter of route.operation.parameters) {
    const value = values[parameter.name];
    if (!value) continue;
    if (parameter.in === 'header') headers[parameter.name] = value;
    else query.append(parameter.name, value);
  }
  if (csrf) headers['X-CSRF-Token'] = csrf;
  const takesBody = route.operation.requestBody !== undefined;
  if (takesBody) headers['Content-Type'] = 'application/json';
  const url = query.size > 0 ? `${route.path}?${query}` : route.path;
  return { method: route.method, url, headers, body: takesBody ? body : null };
}
