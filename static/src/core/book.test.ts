import { describe, expect, it } from 'vitest';
import { Book, type Diff, type Level, type Snapshot } from './book';

const snapshot = (lastUpdateId: number, bids: Level[] = [['100.00', '1']], asks: Level[] = [['101.00', '2']]): Snapshot => ({
  lastUpdateId,
  bids,
  asks,
});
const diff = (U: number, u: number, b: Level[] = [], a: Level[] = []): Diff => ({ U, u, b, a });
const book = () => new Book(2, 5);

describe('book', () => {
  it('goes live on a snapshot and replays what it kept', () => {
    const it = book();
    it.diff(diff(8, 9, [['99.00', '5']]));
    it.diff(diff(10, 12, [['100.50', '3']]));
    expect(it.snapshot(snapshot(10))).toBe(true);
    expect(it.state).toBe('live');
    expect(it.lastUpdateId).toBe(12);
    expect(it.bids.prices()).toEqual([10_050, 10_000]);
    expect(it.bids.levels.get(10_050)).toBe(300_000);
  });

  it('refuses a snapshot older than what it kept', () => {
    const it = book();
    it.diff(diff(20, 21));
    expect(it.snapshot(snapshot(10))).toBe(false);
    expect(it.state).toBe('syncing');
    expect(it.snapshot(snapshot(19))).toBe(true);
    expect(it.lastUpdateId).toBe(21);
  });

  it('applies absolute quantities and deletes at zero', () => {
    const it = book();
    it.snapshot(snapshot(10));
    expect(it.diff(diff(11, 11, [['100.00', '0.00000000']], [['100.90', '4.00000000']]))).toBe(true);
    expect(it.bids.best()).toBeNull();
    expect(it.asks.prices()).toEqual([10_090, 10_100]);
  });

  it('ignores a diff it already has', () => {
    const it = book();
    it.snapshot(snapshot(10));
    expect(it.diff(diff(9, 10, [['1.00', '1']]))).toBe(true);
    expect(it.bids.prices()).toEqual([10_000]);
  });

  it('takes a diff that straddles what it has', () => {
    const it = book();
    it.snapshot(snapshot(10));
    expect(it.diff(diff(9, 12, [['99.00', '1']]))).toBe(true);
    expect(it.lastUpdateId).toBe(12);
  });

  it('marks a gap at once, keeps the old levels, and recovers', () => {
    const it = book();
    it.snapshot(snapshot(10));
    expect(it.diff(diff(12, 13, [['99.00', '1']]))).toBe(false);
    expect(it.state).toBe('gap');
    expect(it.gaps).toBe(1);
    expect(it.bids.prices()).toEqual([10_000]);
    it.sync();
    it.diff(diff(14, 14, [['98.00', '1']]));
    expect(it.snapshot(snapshot(12))).toBe(true);
    expect(it.state).toBe('live');
    expect(it.lastUpdateId).toBe(14);
    expect(it.bids.prices()).toEqual([10_000, 9_900, 9_800]);
  });

  it('survives a hole in what it keeps while syncing', () => {
    const it = book();
    it.diff(diff(1, 2));
    it.diff(diff(5, 6, [['97.00', '1']]));
    expect(it.snapshot(snapshot(2))).toBe(false);
    expect(it.snapshot(snapshot(4))).toBe(true);
    expect(it.lastUpdateId).toBe(6);
  });

  it('forgets the diffs of a lost connection', () => {
    const it = book();
    it.snapshot(snapshot(10));
    it.disconnected();
    it.diff(diff(30, 31));
    expect(it.snapshot(snapshot(30))).toBe(true);
    expect(it.lastUpdateId).toBe(31);
  });
});
