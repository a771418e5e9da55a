// How this trader likes the page, kept in this browser.
import { isInterval, type Interval } from '../core/interval';

export type Theme = 'dark' | 'light';
/** Which colour means up: blue against orange (safe for every kind of colour vision), green-up or red-up. */
export type Palette = 'blue' | 'green' | 'red';
export type Language = 'en' | 'zh';

const KEY = 'lightning.prefs';

interface Saved {
  theme: Theme;
  palette: Palette;
  language: Language;
  interval: Interval;
  /** The favourite candle lengths, and the markets listed first. */
  intervals: Interval[];
  symbols: string[];
}

function load(): Saved {
  const initial: Saved = {
    theme: matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark',
    palette: 'blue',
    language: navigator.language.startsWith('zh') ? 'zh' : 'en',
    interval: '1m',
    intervals: ['1s', '1m', '15m', '1h', '4h', '1d'],
    symbols: [],
  };
  try {
    const saved = { ...initial, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Saved>) };
    return isInterval(saved.interval) ? saved : { ...saved, interval: initial.interval };
  } catch {
    return initial;
  }
}

class Prefs {
  #saved = $state<Saved>(load());

  get theme(): Theme {
    return this.#saved.theme;
  }
  get palette(): Palette {
    return this.#saved.palette;
  }
  get language(): Language {
    return this.#saved.language;
  }
  get interval(): Interval {
    return this.#saved.interval;
  }
  get intervals(): readonly Interval[] {
    return this.#saved.intervals;
  }
  get symbols(): readonly string[] {
    return this.#saved.symbols;
  }

  set<Name extends keyof Saved>(name: Name, value: Saved[Name]): void {
    this.#saved[name] = value;
    this.apply();
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#saved));
    } catch {
      // A browser that keeps nothing still shows the choice.
    }
  }

  /** The style sheet reads the choice from the root element. */
  apply(): void {
    const root = document.documentElement;
    root.dataset['theme'] = this.theme;
    root.dataset['palette'] = this.palette;
    root.lang = this.language === 'zh' ? 'zh-CN' : 'en';
  }
}

export const prefs = new Prefs();
