// The newest rows of a list that the exchange keeps; asked for again after news, but not for every single one.
export type Phase = 'loading' | 'ready' | 'failed';

/** The least time between two questions. */
export const PAUSE = 1_000;

export class History<Row> {
  /** The newest first. */
  rows = $state.raw<Row[]>([]);
  phase = $state<Phase>('loading');

  #news = 0;
  #busy = false;

  /** `ask` answers with the oldest first. */
  constructor(private readonly ask: () => Promise<Row[]>) {}

  /** Something happened. What happens while an answer is on its way, or soon after, shares the next one. */
  async refresh(): Promise<void> {
    this.#news += 1;
    if (this.#busy) return;
    this.#busy = true;
    let seen;
    do {
      seen = this.#news;
      try {
        this.rows = (await this.ask()).reverse();
        this.phase = 'ready';
      } catch {
        this.phase = 'failed';
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    } while (seen !== this.#news);
    this.#busy = false;
  }
}
