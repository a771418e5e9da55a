// The kinds of order the ticket writes: which fields each has, and what a market must offer for it.
import type { Rules } from './rules';

export const KINDS = [
  'limit',
  'market',
  'stopLimit',
  'stopMarket',
  'profitLimit',
  'profitMarket',
  'trailing',
  'oco',
  'bracket',
] as const;
export type Kind = (typeof KINDS)[number];

/** The fields a number is typed into. */
export type FieldName = 'trigger' | 'trail' | 'price' | 'profit' | 'stop' | 'stopLimit' | 'amount' | 'iceberg';

interface Shape {
  needed: readonly FieldName[];
  optional: readonly FieldName[];
  offered: (rules: Rules) => boolean;
}

const type = (name: string) => (rules: Rules) => rules.orderTypes.has(name);

export const SHAPES: Record<Kind, Shape> = {
  limit: { needed: ['price', 'amount'], optional: ['iceberg'], offered: type('LIMIT') },
  market: { needed: ['amount'], optional: [], offered: type('MARKET') },
  stopLimit: { needed: ['trigger', 'price', 'amount'], optional: [], offered: type('STOP_LOSS_LIMIT') },
  stopMarket: { needed: ['trigger', 'amount'], optional: [], offered: type('STOP_LOSS') },
  profitLimit: { needed: ['trigger', 'price', 'amount'], optional: [], offered: type('TAKE_PROFIT_LIMIT') },
  profitMarket: { needed: ['trigger', 'amount'], optional: [], offered: type('TAKE_PROFIT') },
  trailing: { needed: ['trail', 'amount'], optional: ['trigger'], offered: (rules) => rules.trailingStop && rules.orderTypes.has('STOP_LOSS') },
  oco: { needed: ['profit', 'stop', 'amount'], optional: ['stopLimit'], offered: (rules) => rules.oco },
  bracket: { needed: ['price', 'profit', 'stop', 'amount'], optional: ['stopLimit'], offered: (rules) => rules.oto && rules.oco },
};

export function has(kind: Kind, field: FieldName): boolean {
  return SHAPES[kind].needed.includes(field) || SHAPES[kind].optional.includes(field);
}

/** Whether a field holds a price of the market. */
export function isPrice(field: FieldName): boolean {
  return field !== 'amount' && field !== 'iceberg' && field !== 'trail';
}

/** The kinds beside limit and market that this market offers. */
export function conditional(rules: Rules): Kind[] {
  return KINDS.filter((kind) => kind !== 'limit' && kind !== 'market' && SHAPES[kind].offered(rules));
}

/** Whether the order trades at market prices, now or once it is triggered. */
export function isMarket(kind: Kind): boolean {
  return kind === 'market' || kind === 'stopMarket' || kind === 'profitMarket' || kind === 'trailing';
}
