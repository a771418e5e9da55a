// Days chosen by a person, as the times between them in the person's own zone.

export interface Span {
  startTime?: number;
  endTime?: number;
}

/** From the first moment of one day to the last of another; either may be missing. `null` when they are the wrong way round. */
export function span(from: string, to: string): Span | null {
  const start = midnight(from, 0);
  const next = midnight(to, 1);
  if (start !== null && next !== null && next <= start) return null;
  return { ...(start !== null && { startTime: start }), ...(next !== null && { endTime: next - 1 }) };
}

/** The start of the day so many days later; a day need not have 24 hours. Years before 1970 are still being typed. */
function midnight(day: string, later: number): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (!match || Number(match[1]) < 1970) return null;
  return Math.max(0, new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]) + later).getTime());
}
