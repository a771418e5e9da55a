// What a client's script and the matrix say to each other: tests/python/clients/program.py. Standard output is theirs alone.

import { Console } from 'node:console';
import dns from 'node:dns';
import { createInterface } from 'node:readline';

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

// Clients log; those that log to standard output would be taken for answers.
globalThis.console = new Console(process.stderr);

const RealDate = Date;
let skew = 0;

// Every clock a client reads is this one, so it can be set wrong without knowing the client's settings.
globalThis.Date = class extends RealDate {
  constructor(...words) {
    if (words.length === 0) super(RealDate.now() + skew);
    else super(...words);
  }
  static now() {
    return RealDate.now() + skew;
  }
};

// Whatever a script forgets to override is an error, not a request to the real venue.
dns.lookup = (name, ...rest) => process.nextTick(rest.at(-1), new Error(`${name} is not this machine`));

export const tell = (event, data) => say({ event, data });

// The exchange's number and words in an error that holds its reply as text, or nothing.
export function reply(text) {
  const start = String(text).indexOf('{');
  if (start < 0) return undefined;
  try {
    const { code, msg } = JSON.parse(String(text).slice(start));
    return { code, text: msg };
  } catch {
    return undefined;
  }
}

// Answers every call until standard input ends. `open(settings)` makes the client and returns its calls; `refusal` reads
// the exchange's number and words from what the client throws, and `cannot` says which rows it has no call for, and why.
export async function serve({ open, refusal, cannot = {} }) {
  let calls;
  const answer = async ({ id, call, with: words }) => {
    try {
      if (call === 'open') {
        calls = await open(words);
        return { id, answer: cannot };
      }
      if (call === 'skew') {
        skew = words.ms;
        return { id, answer: null };
      }
      return { id, answer: (await calls[call](words)) ?? null };
    } catch (error) {
      const told = refusal(error);
      return { id, refused: { code: told?.code ?? null, text: told?.text ?? `${error?.stack ?? error}` } };
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    say(await answer(JSON.parse(line)));
  }
  process.exit(0); // Sockets a client leaves open would keep the program.
}

// A candle as most clients give it: the exchange's array.
export const candle = ([openTime, open, , , , volume]) => ({ openTime, open, volume });
