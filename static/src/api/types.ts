// The fields of the server's responses that the page reads. Every amount is a decimal string.

export type Side = 'BUY' | 'SELL';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTD';

export interface Filter {
  filterType: string;
  [name: string]: string | number | boolean;
}

export interface SymbolInfo {
  symbol: string;
  status: string;
  baseAsset: string;
  quoteAsset: string;
  quotePrecision?: number;
  orderTypes: string[];
  icebergAllowed?: boolean;
  ocoAllowed?: boolean;
  otoAllowed?: boolean;
  allowTrailingStop?: boolean;
  /** This exchange's own: how far from the last price a market order may trade, as a share of it. */
  marketCollar?: string;
  filters: Filter[];
}

export interface ExchangeInfo {
  symbols: SymbolInfo[];
}

export interface Trade {
  id: number;
  price: string;
  qty: string;
  time: number;
  isBuyerMaker: boolean;
}

export interface Ticker {
  symbol: string;
  openPrice: string;
  lastPrice: string;
  highPrice: string;
  lowPrice: string;
  volume: string;
  quoteVolume: string;
}

export interface Balance {
  asset: string;
  free: string;
  locked: string;
}

export interface Account {
  balances: Balance[];
  commissionRates?: { maker: string; taker: string };
}

/** What trading in one market costs an account. */
export interface Commission {
  standardCommission: { maker: string; taker: string };
}

export interface Order {
  symbol: string;
  orderId: number;
  clientOrderId: string;
  price: string;
  origQty: string;
  executedQty: string;
  status: string;
  timeInForce: string;
  type: string;
  side: Side;
  time: number;
  /** False while a trigger or another order is waited for. */
  isWorking: boolean;
  /** -1 when it belongs to no list. */
  orderListId: number;
  stopPrice?: string;
  icebergQty?: string;
  /** In hundredths of a percent. */
  trailingDelta?: number;
  goodTillDate?: number;
}

/** An order as the exchange remembers it. */
export interface HistoricalOrder extends Order {
  cummulativeQuoteQty: string;
  /** What it was to spend or bring; zero when it counts in base. */
  origQuoteOrderQty: string;
  expiryReason?: string;
  updateTime: number;
}

/** A trade of the trader's own. */
export interface MyTrade {
  symbol: string;
  id: number;
  orderId: number;
  price: string;
  qty: string;
  quoteQty: string;
  commission: string;
  commissionAsset: string;
  time: number;
  isBuyer: boolean;
  isMaker: boolean;
  /** Its place among all of them. */
  cursor: string;
}

/** Something credited or debited, and what was left. */
export interface LedgerLine {
  /** Its place among all of them. */
  id: string;
  time: number;
  asset: string;
  delta: string;
  free: string;
  locked: string;
  type: string;
  symbol?: string;
  tradeId?: number;
  orderId?: number;
}

/** What was cancelled with all others of a market: an order, or a list of them. */
export interface Canceled {
  orderReports?: unknown[];
}

export interface Session {
  accountId: number;
  csrfToken: string;
  demo: boolean;
  /** Null in the demo. */
  name: string | null;
}

/** How one may come in. */
export interface SessionOptions {
  signUp: boolean;
  demo: boolean;
}

export type KeyType = 'HMAC' | 'ED25519' | 'RSA';
export type Permission = 'USER_DATA' | 'TRADE';

export interface ApiKey {
  apiKey: string;
  type: KeyType;
  label: string;
  permissions: Permission[];
  createTime: number;
}

export interface NewApiKey extends ApiKey {
  /** Returned only once; keys of the other types have none. */
  secretKey?: string;
}
