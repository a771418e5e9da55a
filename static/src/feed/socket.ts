// The page's one socket: it reconnects with jitter, keeps the wanted streams subscribed, and asks the server
// something every two seconds, because a browser never sees protocol pings and a quiet market sends nothing else.
import type { Envelope } from './protocol';

export type Link = 'connecting' | 'open' | 'stale' | 'down';

export interface Events {
  /** These streams are flowing; what was read before a stream flowed may be old. */
  subscribed(active: ReadonlySet<string>): void;
  message(stream: string, data: unknown): void;
  link(state: Link): void;
  latency(milliseconds: number): void;
}

const PROBE_EVERY = 2_000;
const STALE_AFTER = 5_000;
const GIVE_UP_AFTER = 15_000;
const CONNECT_WITHIN = 10_000;
const BACKOFF_FIRST = 250;
const BACKOFF_LAST = 10_000;
/** The server takes five messages a second; two per change and a probe stay below that. */
const CHANGE_EVERY = 600;

export class Feed {
  #path = '';
  #socket: WebSocket | null = null;
  #wanted = new Set<string>();
  #active = new Set<string>();
  #failures = 0;
  #nextId = 1;
  #subscribeId = 0;
  #probe: { id: number; sent: number } | null = null;
  #probed = 0;
  #lastMessageAt = 0;
  #changed = 0;
  #changing: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly events: Events) {
    setInterval(() => this.#watch(), 1_000);
    addEventListener('online', () => this.#connect());
  }

  /** Connects there; a different path replaces the connection. */
  open(path: string): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#failures = 0;
    this.#connect();
  }

  /** Names the streams to be subscribed from now on, over every reconnect. */
  want(streams: string[]): void {
    this.#wanted = new Set(streams);
    if (this.#socket?.readyState !== WebSocket.OPEN || this.#changing) return;
    const wait = Math.max(0, this.#changed + CHANGE_EVERY - performance.now());
    this.#changing = setTimeout(() => {
      this.#changing = undefined;
      this.#subscribe();
    }, wait);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.events.link('connecting');
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${this.#path}`);
    this.#socket = socket;
    this.#lastMessageAt = performance.now();
    // A socket that was replaced must not speak for its successor.
    const mine = (act: () => void) => (): void => {
      if (this.#socket === socket) act();
    };
    socket.onopen = mine(() => this.#subscribe());
    socket.onclose = mine(() => this.#lost());
    socket.onmessage = (message: MessageEvent<string>) => {
      if (this.#socket === socket) this.#receive(message.data);
    };
  }

  #drop(): void {
    this.#socket?.close();
    this.#socket = null;
    this.#active.clear();
    this.#probe = null;
    this.#subscribeId = 0;
    clearTimeout(this.#changing);
    this.#changing = undefined;
  }

  #lost(): void {
    this.#drop();
    this.events.link('down');
    const ceiling = Math.min(BACKOFF_LAST, BACKOFF_FIRST * 2 ** this.#failures);
    this.#failures += 1;
    // Half fixed, half random: a restarted server is not met by everybody at once.
    this.#retry = setTimeout(() => this.#connect(), ceiling / 2 + Math.random() * (ceiling / 2));
  }

  #subscribe(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#changed = performance.now();
    const gone = [...this.#active].filter((stream) => !this.#wanted.has(stream));
    const fresh = [...this.#wanted].filter((stream) => !this.#active.has(stream));
    if (gone.length > 0) this.#send('UNSUBSCRIBE', gone);
    this.#active = new Set(this.#wanted);
    if (fresh.length > 0) this.#subscribeId = this.#send('SUBSCRIBE', fresh);
    // The subscriptions are unchanged, so no confirmation will come, but the caller starts from nothing.
    else this.events.subscribed(this.#active);
  }

  #send(method: string, params?: string[]): number {
    const id = this.#nextId++;
    this.#socket?.send(JSON.stringify(params ? { method, params, id } : { method, id }));
    return id;
  }

  #receive(text: string): void {
    this.#lastMessageAt = performance.now();
    const frame = JSON.parse(text) as Envelope;
    if (frame.stream !== undefined) {
      this.events.message(frame.stream, frame.data);
    } else if (this.#probe && frame.id === this.#probe.id) {
      this.events.latency(this.#lastMessageAt - this.#probe.sent);
      this.#probe = null;
    } else if (frame.id === this.#subscribeId) {
      this.#failures = 0;
      this.events.link('open');
      this.events.subscribed(this.#active);
    }
  }

  #watch(): void {
    const socket = this.#socket;
    if (!socket) return;
    const now = performance.now();
    if (socket.readyState !== WebSocket.OPEN) {
      if (now - this.#lastMessageAt > CONNECT_WITHIN) this.#lost();
      return;
    }
    const silence = now - this.#lastMessageAt;
    // Silence counts only against an unanswered question: a hidden tab's timers sleep, and so does the probe.
    if (this.#probe && now - this.#probe.sent > PROBE_EVERY) {
      if (silence > GIVE_UP_AFTER) return this.#lost();
      if (silence > STALE_AFTER) this.events.link('stale');
    }
    if (!this.#probe && now - this.#probed >= PROBE_EVERY) {
      this.#probed = now;
      this.#probe = { id: this.#send('LIST_SUBSCRIPTIONS'), sent: now };
    }
    if (silence <= STALE_AFTER && this.#active.size > 0 && this.#subscribeId > 0) this.events.link('open');
  }
}
