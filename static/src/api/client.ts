// The page's REST client: the session cookie and the CSRF token take the place of API key and signature.

/** The server understood and refused; nothing happened. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    /** Seconds the server asks to wait, when it shed the request. */
    readonly retryAfter: number | null,
    /** What the server adds to help: the nearest value that it would take. */
    readonly data: unknown = null,
  ) {
    super(message);
  }
}

/** No answer, or one that leaves it open whether the request took effect. */
export class Unknown extends Error {}

/** The browser does not send the session cookie back. */
export class CookieRefused extends Error {}

const TIMEOUT = 12_000;
/** "Timeout waiting for response; execution status unknown." */
const TIMED_OUT = -1007;
/** The history cannot be read; asking it changes nothing, so nothing is left open. */
export const NO_HISTORY = -94_002;

let csrf = '';

export function setCsrf(token: string): void {
  csrf = token;
}

export type Parameters = Record<string, string | number>;
type Method = 'GET' | 'POST' | 'DELETE';

/** Calls the exchange's API: parameters in the query, or as a form in a POST. */
export async function call<Answer>(method: Method, path: string, parameters: Parameters = {}): Promise<Answer> {
  const form = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  if (form.size === 0) return fetched(method, path);
  if (method !== 'POST') return fetched(method, `${path}?${form}`);
  return fetched(method, path, { type: 'application/x-www-form-urlencoded', text: form.toString() });
}

/** Calls a route of the page: JSON both ways. */
export async function send<Answer>(method: Method, path: string, body: object): Promise<Answer> {
  return fetched(method, path, { type: 'application/json', text: JSON.stringify(body) });
}

async function fetched<Answer>(method: Method, path: string, body?: { type: string; text: string }): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (csrf) headers['X-CSRF-Token'] = csrf;
  if (body) headers['Content-Type'] = body.type;
  const request: RequestInit = { method, headers, signal: AbortSignal.timeout(TIMEOUT), cache: 'no-store' };
  if (body) request.body = body.text;

  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, request);
    answer = response.status === 204 ? null : await response.json();
  } catch (error) {
    throw new Unknown(String(error));
  }
  if (response.ok) return answer as Answer;

  const { code = 0, msg = '', data = null } = (answer ?? {}) as { code?: number; msg?: string; data?: unknown };
  const wait = response.headers.get('Retry-After');
  // A 5xx with Retry-After was rejected before it was processed; any other may have taken effect.
  if (code === TIMED_OUT || (response.status >= 500 && wait === null && code !== NO_HISTORY)) throw new Unknown(msg);
  throw new Refused(response.status, code, msg, wait === null ? null : Number(wait), data);
}
