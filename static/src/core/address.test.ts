import { expect, it } from 'vitest';
import { named } from './address';
import { info } from './sample';

const symbols = [info, { ...info, symbol: 'ETHUSDT' }];

it('finds the market of an address, however it is written', () => {
  for (const hash of ['#BTCUSDT', '#btcusdt', '#BTC/USDT', '#btc-usdt', '#BTC_USDT', '#BTC%2FUSDT', '#ＢＴＣＵＳＤＴ', '# btcusdt ']) {
    expect(named(hash, symbols), hash).toEqual({ symbol: 'BTCUSDT' });
  }
});

it('says what is no market, and that there is nothing', () => {
  expect(named('#DOGEUSDT', symbols)).toEqual({ unknown: 'DOGEUSDT' });
  expect(named('#%E0%A4%A', symbols)).toEqual({ unknown: '%E0%A4%A' });
  expect(named(`#${'X'.repeat(100)}`, symbols)).toEqual({ unknown: `${'X'.repeat(24)}…` });
  expect(named('', symbols)).toBeNull();
  expect(named('#', symbols)).toBeNull();
});
