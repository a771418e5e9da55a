// The exchange from outside the page: an operator who funds accounts, and a counterparty who signs like any program.
import { createHmac } from 'node:crypto';

const url = process.env.LIGHTNING_URL ?? 'http://127.0.0.1:8080';
const operatorToken = process.env.LIGHTNING_OPERATOR_TOKEN ?? '';

async function json<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}

async function operate<Answer>(path: string, body: object, method = 'POST'): Promise<Answer> {
  return json(
    await fetch(`${url}/x/v1/operator/${path}`, {
      method,
      headers: { Authorization: `Bearer ${operatorToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
}

export async function deposit(accountId: number, asset: string, amount: string): Promise<void> {
  await operate('deposit', { accountId, asset, amount });
}

/** Opens, halts or closes a market. */
export async function setStatus(symbol: string, status: string): Promise<void> {
  await operate('symbols', { symbol, status, reason: 'a test of the page' }, 'PUT');
}

/** A trader with an API key and money. */
export class Counterparty {
  private constructor(
    private readonly apiKey: string,
    private readonly secretKey: string,
  ) {}

  static async open(funds: Record<string, string>): Promise<Counterparty> {
    const { accountId } = await operate<{ accountId: number }>('accounts', {});
    const key = await operate<{ apiKey: string; secretKey: string }>('keys', { accountId, permissions: ['TRADE', 'USER_DATA'] });
    for (const [asset, amount] of Object.entries(funds)) await deposit(accountId, asset, amount);
    return new Counterparty(key.apiKey, key.secretKey);
  }

  async limit(symbol: string, side: 'BUY' | 'SELL', price: string, quantity: string): Promise<void> {
    await this.#signed('POST', '/api/v3/order', { symbol, side, type: 'LIMIT', timeInForce: 'GTC', price, quantity });
  }

  /** Makes one trade at that price, with itself, so that the market has it as its last. */
  async print(symbol: string, price: string, quantity: string): Promise<void> {
    await this.limit(symbol, 'SELL', price, quantity);
    await this.limit(symbol, 'BUY', price, quantity);
  }

  /** Takes everything back; an account without orders in the market is fine too. */
  async cancelAll(symbol: string): Promise<void> {
    const open = await this.#signed<unknown[]>('GET', '/api/v3/openOrders', { symbol });
    if (open.length > 0) await this.#signed('DELETE', '/api/v3/openOrders', { symbol });
  }

  async #signed<Answer>(method: string, path: string, parameters: Record<string, string>): Promise<Answer> {
    const query = new URLSearchParams({ ...parameters, timestamp: String(Date.now()) }).toString();
    const signature = createHmac('sha256', this.secretKey).update(query).digest('hex');
    return json(
      await fetch(`${url}${path}?${query}&signature=${signature}`, { method, headers: { 'X-MBX-APIKEY': this.apiKey } }),
    );
  }
}

/** Sends a public request. */
export async function ask<Answer>(path: string): Promise<Answer> {
  return json(await fetch(`${url}${path}`));
}

/** The account that this key and secret belong to, as a program asks for it. */
export async function accountOf(apiKey: string, secretKey: string): Promise<{ balances: unknown[] }> {
  const query = `timestamp=${Date.now()}`;
  const signature = createHmac('sha256', secretKey).update(query).digest('hex');
  return json(await fetch(`${url}/api/v3/account?${query}&signature=${signature}`, { headers: { 'X-MBX-APIKEY': apiKey } }));
}

interface Depth {
  bids: [price: string, quantity: string][];
  asks: [price: string, quantity: string][];
}

/** A whole price that improves the book on both sides by `distance` or more, whatever rests there. */
export async function quietPrice(symbol: string): Promise<number> {
  const depth = await json<Depth>(await fetch(`${url}/api/v3/depth?symbol=${symbol}&limit=5`));
  const bid = Number(depth.bids[0]?.[0] ?? 0);
  const ask = Number(depth.asks[0]?.[0] ?? 0);
  if (bid > 0 && ask > 0) return Math.round((bid + ask) / 2);
  const [last] = await json<{ price: string }[]>(await fetch(`${url}/api/v3/trades?symbol=${symbol}&limit=1`));
  return Math.round(bid > 0 ? bid + 100 : ask > 0 ? ask - 100 : Number(last?.price ?? 2_000));
}
