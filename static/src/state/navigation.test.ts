import { expect, it, vi } from 'vitest';

/** A browser's history, as far as the page uses it: places, and moves between them that take effect later. */
class Browser {
  places: { state: unknown; hash: string }[] = [{ state: null, hash: '#A' }];
  at = 0;
  #moves: number[] = [];
  #listener: (event: PopStateEvent) => void = () => undefined;
  readonly window = {
    history: {
      get state(): unknown {
        return null;
      },
      pushState: (state: unknown, _: string, hash?: string) => {
        this.places = [...this.places.slice(0, this.at + 1), { state, hash: hash ?? this.hash }];
        this.at += 1;
      },
      replaceState: (state: unknown, _: string, hash?: string) => {
        this.places[this.at] = { state, hash: hash ?? this.hash };
      },
      go: (by: number) => this.#moves.push(by),
    },
    addEventListener: (_: string, listener: (event: PopStateEvent) => void) => (this.#listener = listener),
  } as unknown as Pick<Window, 'history' | 'addEventListener'>;

  get hash(): string {
    return this.places[this.at]?.hash ?? '';
  }
  /** What was asked for happens. */
  async settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
    for (let by = this.#moves.shift(); by !== undefined; by = this.#moves.shift()) {
      this.press(by);
      await vi.advanceTimersByTimeAsync(0);
    }
  }
  press(by: number): void {
    this.at += by;
    expect(this.places[this.at]).toBeDefined();
    this.#listener({ state: this.places[this.at]?.state } as PopStateEvent);
  }
}

vi.stubGlobal('window', new Browser().window);
const { Navigation } = await import('./navigation');

function begin() {
  vi.useFakeTimers();
  const browser = new Browser();
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
  const { browser, navigation, shown } = begin();
  navigation.go('#B');
  navigation.go('#C');
  browser.press(-1);
  browser.press(-1);
  browser.press(1);
  expect(shown).toEqual(['#B', '#A', '#B']);
});

it('Back closes what lies over the page and leaves the market', async () => {
  const { browser, navigation, dialog } = begin();
  navigation.go('#B');
  const first = dialog();
  const second = dialog();
  browser.press(-1);
  await browser.settle();
  expect([first.open, second.open, browser.hash]).toEqual([true, false, '#B']);
  browser.press(-1);
  await browser.settle();
  expect([first.open, browser.hash]).toEqual([false, '#B']);
  browser.press(-1);
  expect(browser.hash).toBe('#A');
});

it('what is closed otherwise leaves no place behind', async () => {
  const { browser, navigation, dialog } = begin();
  navigation.go('#B');
  dialog().close();
  await browser.settle();
  expect([browser.at, browser.hash]).toEqual([1, '#B']);
  browser.press(-1);
  expect(browser.hash).toBe('#A');
});

it('what opens instead takes its place, and so does a market chosen in it', async () => {
  const { browser, navigation, dialog } = begin();
  dialog().close();
  const next = dialog();
  await browser.settle();
  expect([browser.at, next.open]).toEqual([1, true]);
  next.close();
  navigation.go('#B');
  await browser.settle();
  expect([browser.at, browser.hash]).toEqual([1, '#B']);
  browser.press(-1);
  expect(browser.hash).toBe('#A');
});

it('what opens while a place is being left keeps its own', async () => {
  const { browser, dialog } = begin();
  dialog().close();
  await vi.advanceTimersByTimeAsync(0);
  const late = dialog();
  await browser.settle();
  expect([browser.at, late.open]).toEqual([1, true]);
  browser.press(-1);
  expect(late.open).toBe(false);
});

it('a market chosen while a place is being left is gone to afterwards', async () => {
  const { browser, navigation, dialog } = begin();
  dialog().close();
  await vi.advanceTimersByTimeAsync(0);
  navigation.go('#B');
  await browser.settle();
  expect([browser.at, browser.hash]).toEqual([1, '#B']);
});

it('Forward does not open again what was closed', async () => {
  const { browser, dialog } = begin();
  const closed = dialog();
  browser.press(-1);
  await browser.settle();
  browser.press(1);
  await browser.settle();
  expect([browser.at, closed.open]).toEqual([0, false]);
});
