import { expect, it } from 'vitest';
import { ccxt, pythonBinance } from './howto';

it('names this exchange and no other in every address', () => {
  for (const text of [ccxt('https://x.example:8443', 'K', 'S'), pythonBinance('https://x.example:8443', 'K', 'S')]) {
    const addresses = text.match(/\b(?:https?|wss?):\/\/[^'\s]+/g) ?? [];
    expect(addresses.length).toBeGreaterThanOrEqual(4);
    for (const address of addresses) expect(address).toMatch(/^(https|wss):\/\/x\.example:8443\//);
    expect(text).toContain("'K'");
    expect(text).toContain("'S'");
  }
});

it('does not leave ccxt its own address for the first signed request', () => {
  expect(ccxt('http://127.0.0.1:8080', 'K', 'S')).toContain("'sapi': 'http://127.0.0.1:8080/sapi/v1'");
  expect(ccxt('http://127.0.0.1:8080', 'K', 'S')).toContain("'spot': 'ws://127.0.0.1:8080/stream'");
});
