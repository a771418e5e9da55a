import { expect, it, vi } from 'vitest';

/** A browser's history, as far as the page uses it; what is asked of it happens later. */
class Browser {
  places: { state: unknown; hash: string }[];
  at: number;
  /** Whether the page was left. */
  isLeft = false;
  #asked: number[] = [];
  #listener: (event: PopStateEvent) => void = () => undefined;
  readonly window: Pick<Window, 'history' | 'addEventListener' | 'location'>;

  constructor(places = [{ state: null as unknown, hash: '#A' }]) {
    this.places = places;
    this.at = places.length - 1;
    const hash = (): string => this.hash;
    const state = (): unknown => this.places[this.at]?.state;
    this.window = {
      history: {
        get state() {
          return state();
        },
        pushState: (state: unknown, _: string, hash?: string) => {
          this.places = [...this.places.slice(0, this.at + 1), { state, hash: hash ?? this.hash }];
          this.at += 1;
        },
        replaceState: (state: unknown, _: string, hash?: string) => {
          this.places[this.at] = { state, hash: hash ?? this.hash };
        },
        go: (by: number) => this.#asked.push(by),
      },
      location: {
        get hash() {
          return hash();
        },
      },
      addEventListener: (_: string, listener: (event: PopStateEvent) => void) => (this.#listener = listener),
    } as unknown as typeof this.window;
  }

  get hash(): string {
    return this.places[this.at]?.hash ?? '';
  }

  /** The person presses Back or Forward; what the page asks for in turn happens too. */
  press(by: number): void {
    this.at += by;
    if (!this.places[this.at]) {
      this.isLeft = true;
      return;
    }
    this.#listener({ state: this.places[this.at]?.state } as PopStateEvent);
    const asked = this.#asked.shift();
    if (asked !== undefined) this.press(asked);
  }
}

vi.stubGlobal('window', new Browser().window);
const { Navigation } = await import('./navigation');

function setUp(browser = new Browser()) {
  const navigation = new Navigation(browser.window);
  const shown: string[] = [];
  navigation.start(() => shown.push(browser.hash));
  /** A dialog that takes itself out when it is closed. */
  const dialog = () => {
    const state = { open: true, close: () => undefined as void };
    const closed = navigation.open(() => state.close());
    state.close = () => {
      state.open = false;
      closed();
    };
    return state;
  };
  return { browser, navigation, shown, dialog };
}

it('Back goes from market to market', () => {
  const { browser, navigation, shown } = setUp();
  navigation.go('#B');
  navigation.go('#C');
  browser.press(-1);
  browser.press(-1);
  browser.press(1);
  expect(shown).toEqual(['#B', '#A', '#B']);
});

it('Back closes what lies over the page and stays at the market', () => {
  const { browser, navigation, dialog } = setUp();
  navigation.go('#B');
  const first = dialog();
  const second = dialog();
  browser.press(-1);
  expect([first.open, second.open, browser.hash]).toEqual([true, false, '#B']);
  browser.press(-1);
  expect([first.open, browser.hash]).toEqual([false, '#B']);
  browser.press(-1);
  expect(browser.hash).toBe('#A');
});

it('Back passes over what was closed otherwise', () => {
  const { browser, navigation, dialog } = setUp();
  navigation.go('#B');
  dialog().close();
  browser.press(-1);
  expect(browser.hash).toBe('#A');
  dialog().close();
  browser.press(-1);
  expect(browser.isLeft).toBe(true);
});

it('Back passes over what lay over the page before it was loaded again', () => {
  const { browser } = setUp(new Browser([{ state: null, hash: '#A' }, { state: { depth: 0 }, hash: '#B' }, { state: { depth: 1 }, hash: '#B' }]));
  browser.press(-1);
  expect(browser.hash).toBe('#A');
});

it('what opens next takes the place, and so does a market chosen in it', () => {
  const { browser, navigation, dialog } = setUp();
  dialog().close();
  const next = dialog();
  expect([browser.at, next.open]).toEqual([1, true]);
  browser.press(-1);
  expect([browser.at, next.open, browser.isLeft]).toEqual([0, false, false]);
  dialog().close();
  navigation.go('#B');
  expect([browser.at, browser.hash]).toEqual([1, '#B']);
  browser.press(-1);
  expect([browser.at, browser.hash]).toEqual([0, '#A']);
});

it('Forward does not open again what was closed', () => {
  const { browser, dialog } = setUp();
  const closed = dialog();
  browser.press(-1);
  browser.press(1);
  expect([browser.at, closed.open]).toEqual([1, false]);
  const next = dialog();
  browser.press(-1);
  expect([browser.at, next.open]).toEqual([0, false]);
});
