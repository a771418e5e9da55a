// The server's answers, as far as the page reads them. Every amount is a decimal string.

export type Side = 'BUY' | 'SELL';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';

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

export interface TickerPrice {
  symbol: string;
  price: string;
}

export interface Balance {
  asset: string;
  free: string;
  locked: string;
}

export interface Account {
  balances: Balance[];
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
}

export interface OrderAnswer {
  symbol: string;
  orderId: number;
  clientOrderId: string;
  status?: string;
  executedQty?: string;
}

export interface Session {
  accountId: number;
  csrfToken: string;
  demo: boolean;
}
