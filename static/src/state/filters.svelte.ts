// The filters of the history. Kept while the page is open, and shared by the lists: who looks at the orders of a market and a
// week looks at its trades next.
import type { Parameters } from '../api/client';
import { span } from '../core/days';

const NONE = { symbol: '', side: '', status: '', asset: '', type: '', from: '', to: '' };

export type Filter = keyof typeof NONE;

class Filters {
  /** Empty is no choice, so everything. */
  chosen = $state.raw(NONE);
  readonly span = $derived(span(this.chosen.from, this.chosen.to));

  set(filter: Filter, value: string): void {
    this.chosen = { ...this.chosen, [filter]: value };
  }

  /** Takes back those of a list. */
  clear(filters: readonly Filter[]): void {
    this.chosen = { ...this.chosen, ...Object.fromEntries(filters.map((filter) => [filter, ''])) };
  }

  count(filters: readonly Filter[]): number {
    return filters.filter((filter) => this.chosen[filter] !== '').length;
  }

  /** Those of a list as the exchange takes them; `null` when the days are the wrong way round. */
  parameters(filters: readonly Filter[]): Parameters | null {
    if (this.span === null) return null;
    const named = filters.filter((filter) => filter !== 'from' && filter !== 'to' && this.chosen[filter] !== '');
    return { ...Object.fromEntries(named.map((filter) => [filter, this.chosen[filter]])), ...this.span };
  }
}

export const filters = new Filters();
