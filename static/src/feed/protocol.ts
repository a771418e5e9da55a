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
  /** What happened now, and the order's state after it. */
  x: string;
  X: string;
  r: string;
  i: number;
  /** The last fill, and all fills so far. */
  l: string;
  L: string;
  z: string;
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
