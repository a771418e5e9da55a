// The browser's Back and Forward. A market is a place in the history, and so is what lies over the page: Back closes it.

/** How many things lie over the page at a place; places the page did not make have none. */
interface Place {
  depth: number;
}

export class Navigation {
  /** Closes what lies over the page, the topmost last. */
  #open: (() => void)[] = [];
  /** How many of them the place we are at stands for. */
  #depth = 0;
  /** Places that nothing stands for any more are being left. */
  #isLeaving = false;
  /** Where to go once they are left. */
  #next: string | null = null;
  #moved: () => void = () => undefined;

  constructor(private readonly browser: Pick<Window, 'history' | 'addEventListener'>) {}

  /** Begins to follow; `moved` is called at every other place. */
  start(moved: () => void): void {
    this.#moved = moved;
    this.browser.addEventListener('popstate', (event) => this.#arrive(event.state as Place | null));
    // After a reload nothing lies over the page.
    this.#depth = (this.browser.history.state as Place | null)?.depth ?? 0;
    this.#settle();
  }

  /** Something opens over the page. Returns what to call when it was closed, whatever closed it. */
  open(close: () => void): () => void {
    this.#open.push(close);
    this.#fill();
    return () => {
      this.#open = this.#open.filter((each) => each !== close);
      // What opens at once instead of it takes its place.
      setTimeout(() => this.#settle());
    };
  }

  /** A new place for that address. The place of what was just closed is not gone back to. */
  go(hash: string): void {
    if (this.#isLeaving) {
      this.#next = hash;
      return;
    }
    const isFree = this.#depth > this.#open.length;
    this.#depth = this.#open.length;
    if (isFree) this.replace(hash);
    else this.browser.history.pushState(this.#place(), '', hash);
  }

  /** Corrects the address of this place. */
  replace(hash: string): void {
    this.browser.history.replaceState(this.#place(), '', hash);
  }

  #place(): Place {
    return { depth: this.#depth };
  }

  #fill(): void {
    while (this.#depth < this.#open.length && !this.#isLeaving) {
      this.#depth += 1;
      this.browser.history.pushState(this.#place(), '');
    }
  }

  #settle(): void {
    const surplus = this.#depth - this.#open.length;
    if (surplus <= 0 || this.#isLeaving) return;
    this.#isLeaving = true;
    this.browser.history.go(-surplus);
  }

  #arrive(place: Place | null): void {
    this.#depth = place?.depth ?? 0;
    if (this.#isLeaving) {
      this.#isLeaving = false;
      if (this.#next !== null) this.browser.history.pushState(this.#place(), '', this.#next);
      this.#next = null;
      this.#fill();
    } else {
      while (this.#open.length > this.#depth) this.#open.pop()?.();
      // Forward to what was closed: it is not opened again.
      this.#settle();
    }
    this.#moved();
  }
}

export const navigation = new Navigation(window);
