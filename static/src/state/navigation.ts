// The browser's Back and Forward. A market is a place in the history, and so is what lies over the page: Back closes it.

/** How many things lie over the page at a place; places the page did not make have none. */
interface Place {
  depth: number;
}

type Browser = Pick<Window, 'history' | 'addEventListener' | 'location'>;

export class Navigation {
  /** Closes what lies over the page, the topmost last. */
  #open: (() => void)[] = [];
  /** How many of them the place we are at was made for. More than are open where one was closed by other means than Back. */
  #depth: number;
  #hash: string;
  #moved: () => void = () => undefined;

  constructor(private readonly browser: Browser) {
    this.#depth = (browser.history.state as Place | null)?.depth ?? 0;
    this.#hash = browser.location.hash;
  }

  /** Begins to follow; `moved` is called at every other place. */
  start(moved: () => void): void {
    this.#moved = moved;
    this.browser.addEventListener('popstate', (event) => this.#arrive(event.state as Place | null));
  }

  /** Something opens over the page. Returns what to call when it was closed, whatever closed it. */
  open(close: () => void): () => void {
    this.#open.push(close);
    if (this.#depth < this.#open.length) {
      this.#depth = this.#open.length;
      this.browser.history.pushState(this.#place(), '');
    }
    // Its place stays: what opens next takes it, and Back passes it over.
    return () => {
      this.#open = this.#open.filter((each) => each !== close);
    };
  }

  /** A new place for that address; it takes the place of what was closed. */
  go(hash: string): void {
    const isFree = this.#depth > this.#open.length;
    this.#depth = this.#open.length;
    if (isFree) return this.replace(hash);
    this.browser.history.pushState(this.#place(), '', hash);
    this.#hash = hash;
  }

  /** Corrects the address of this place. */
  replace(hash: string): void {
    this.browser.history.replaceState(this.#place(), '', hash);
    this.#hash = hash;
  }

  #place(): Place {
    return { depth: this.#depth };
  }

  #arrive(place: Place | null): void {
    const { hash } = this.browser.location;
    const depth = place?.depth ?? 0;
    const isBack = depth < this.#depth;
    const isSame = hash === this.#hash;
    const isCovered = this.#open.length > depth;
    this.#depth = depth;
    this.#hash = hash;
    while (this.#open.length > depth) this.#open.pop()?.();
    // From a place of something closed long ago to the one beneath it: nothing would be seen of that.
    if (isBack && isSame && !isCovered) this.browser.history.go(-1);
    else this.#moved();
  }
}

export const navigation = new Navigation(window);
