// What the sockets send, under the names of Binance's stream protocol.
import type { Side } from '../api/types';
import type { Diff } from '../core/book';

export interface TradeEvent {
  e: 'trade';
  s: string;
  t: number;
  p: string;
  q: string;
  T: number;
  /** The buyer was the maker, so the taker sold. */
  m: boolean;
}

export interface KlineEvent {
  e: 'kline';
  s: string;
  k: {
    t: number;
    T: number;
    s: string;
    i: string;
    o: string;
    h: string;
    l: string;
    c: string;
    v: string;
    /** How many trades. */
    n: number;
    /** Final: nothing can change it any more. */
    x: boolean;
  };
}

/** What happened in a market during the last 24 hours, in short. */
export interface MiniTickerEvent {
  e: '24hrMiniTicker';
  s: string;
  c: string;
  o: string;
  h: string;
  l: string;
  v: string;
  q: string;
}

/** The same in full. */
export interface TickerEvent extends Omit<MiniTickerEvent, 'e'> {
  e: '24hrTicker';
  p: string;
  P: string;
}

export interface DepthEvent extends Diff {
  e: 'depthUpdate';
  s: string;
}

export interface ExecutionReport {
  e: 'executionReport';
  s: string;
  c: string;
  C: string;
  S: Side;
  o: string;
  f: string;
  q: string;
  p: string;
  /** The trigger and the shown part; zero where there is none. */
  P?: string;
  F?: string;
  /** A trailing stop's distance, in hundredths of a percent. */
  d?: number;
  /** The order list it belongs to; -1 for none. */
  g?: number;
  /** It is in the book. */
  w?: boolean;
  goodTillDate?: number;
  /** What happened now, and the order's state after it. */
  x: string;
  X: string;
  r: string;
  i: number;
  /** The last fill, and all fills so far. */
  l: string;
  L: string;
  z: string;
  /** The quote amount of all fills, and the quote amount the order was to spend or receive; zero for orders by quantity. */
  Z: string;
  Q: string;
  /** Why it expired. */
  eR?: string;
  T: number;
  O?: number;
}

export interface AccountPosition {
  e: 'outboundAccountPosition';
  B: { a: string; f: string; l: string }[];
}

export interface BalanceUpdate {
  e: 'balanceUpdate';
  a: string;
  d: string;
}

export type PrivateEvent = ExecutionReport | AccountPosition | BalanceUpdate;

/** One private event with its place in the account's gapless run. */
export interface Numbered {
  seq: number;
  event: PrivateEvent;
}

export interface Envelope {
  stream?: string;
  data?: unknown;
  id?: number | string | null;
}
