// The time of day, in the reader's own time zone; both languages write it alike.
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export function clock(milliseconds: number): string {
  return CLOCK.format(milliseconds);
}
