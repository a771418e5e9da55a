// Back and Forward. Each market is a history entry, and so is each open dialog or popover, which Back closes.

/** State of a history entry: how many overlays are open there. Entries the page did not create have none. */
interface Place {
  depth: number;
}

type Browser = Pick<Window, 'history' | 'addEventListener' | 'location'>;

export class Navigation {
  /** Close handlers of the open overlays, topmost last. */
  #open: (() => void)[] = [];
  /** Overlays the current entry was created for; more than are open after one was closed by other means than Back. */
  #depth: number;
  #hash: string;
  #moved: () => void = () => undefined;

  constructor(private readonly browser: Browser) {
    this.#depth = (browser.history.state as Place | null)?.depth ?? 0;
    this.#hash = browser.location.hash;
  }

  /** Starts listening; `moved` is called after each move to another entry. */
  start(moved: () => void): void {
    this.#moved = moved;
    this.browser.addEventListener('popstate', (event) => this.#arrive(event.state as Place | null));
  }

  /** Registers an overlay. Returns the function to call once it is closed, by whatever means. */
  open(close: () => void): () => void {
    this.#open.push(close);
    if (this.#depth < this.#open.length) {
      this.#depth = this.#open.length;
      this.browser.history.pushState(this.#place(), '');
    }
    // Its entry stays: the next overlay reuses it, and Back skips it. Going back here would race with other navigation.
    return () => {
      this.#open = this.#open.filter((each) => each !== close);
    };
  }

  /** Adds an entry for that address, or reuses the entry of a closed overlay. */
  go(hash: string): void {
    const isFree = this.#depth > this.#open.length;
    this.#depth = this.#open.length;
    if (isFree) return this.replace(hash);
    this.browser.history.pushState(this.#place(), '', hash);
    this.#hash = hash;
  }

  /** Corrects the address of the current entry. */
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
    // Leaving the entry of an overlay that was closed already changes nothing visible, so Back continues.
    if (isBack && isSame && !isCovered) this.browser.history.go(-1);
    else this.#moved();
  }
}

export const navigation = new Navigation(window);
