// Comma-separated values as RFC 4180 has them. Columns are the fields' names on the wire, whatever the page speaks, so that a
// spreadsheet or a script finds them; times are ISO 8601 in UTC.

const TIMES = new Set(['time', 'updateTime']);

export type Column<Row> = Extract<keyof Row, string>;

export function csv<Row extends object>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map((column) => cell(column, row[column])));
  return [columns, ...lines].map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}

/** What the file is called: what is in it, whose, and of which day. */
export function fileName(what: string, account: number, now: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `lightning-${what}-${account}-${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.csv`;
}

function cell(column: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  return TIMES.has(column) && typeof value === 'number' ? new Date(value).toISOString() : String(value);
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
