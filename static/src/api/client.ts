// REST as the page speaks it: the session cookie plus the CSRF token stand where programs put key and signature.

/** The server understood and refused; nothing happened. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    /** Seconds the server asks to wait, when it shed the request. */
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

/** No answer, or one that leaves it open whether the request took effect. */
export class Unknown extends Error {}

const TIMEOUT = 12_000;
/** "Timeout waiting for response; execution status unknown." */
const TIMED_OUT = -1007;

let csrf = '';

export function setCsrf(token: string): void {
  csrf = token;
}

export type Parameters = Record<string, string | number>;

export async function call<Answer>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  parameters: Parameters = {},
): Promise<Answer> {
  const form = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  const inBody = method === 'POST';
  const headers: Record<string, string> = {};
  if (csrf) headers['X-CSRF-Token'] = csrf;
  if (inBody && form.size > 0) headers['Content-Type'] = 'application/x-www-form-urlencoded';
  const request: RequestInit = { method, headers, signal: AbortSignal.timeout(TIMEOUT), cache: 'no-store' };
  if (inBody && form.size > 0) request.body = form.toString();

  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(inBody || form.size === 0 ? path : `${path}?${form}`, request);
    answer = response.status === 204 ? null : await response.json();
  } catch (error) {
    throw new Unknown(String(error));
  }
  if (response.ok) return answer as Answer;

  const { code = 0, msg = '' } = (answer ?? {}) as { code?: number; msg?: string };
  const wait = response.headers.get('Retry-After');
  // A 5xx with Retry-After was turned away at the door; any other may have been half way through.
  if (code === TIMED_OUT || (response.status >= 500 && wait === null)) throw new Unknown(msg);
  throw new Refused(response.status, code, msg, wait === null ? null : Number(wait));
}
