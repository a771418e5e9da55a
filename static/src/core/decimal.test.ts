import { describe, expect, it } from 'vitest';
import { amount, digitsOf, divide, fixed, floorTo, grouped, multiply, parse, plain, units, unitsText } from './decimal';

describe('decimal', () => {
  it('parses plain decimals exactly', () => {
    expect(parse('0.1')).toBe(10_000_000n);
    expect(parse('.5')).toBe(50_000_000n);
    expect(parse('5.')).toBe(500_000_000n);
    expect(parse(' 12.34000000 ')).toBe(1_234_000_000n);
    expect(parse('123456789.123456789000')).toBeNull();
    expect(parse('123456789.12345678')).toBe(12_345_678_912_345_678n);
  });

  it('refuses what is not a plain decimal', () => {
    for (const text of ['', '.', '-1', '+1', '1e3', '1_000', '1,000', 'NaN', '0x1', '0.000000001']) {
      expect(parse(text), text).toBeNull();
    }
  });

  it('reads signed server amounts and throws on nonsense', () => {
    expect(amount('-0.5')).toBe(-50_000_000n);
    expect(() => amount('many')).toThrow();
  });

  it('writes by truncation', () => {
    expect(fixed(199_999_999n, 2)).toBe('1.99');
    expect(fixed(-50_000_000n, 1)).toBe('-0.5');
    expect(fixed(300_000_000n, 0)).toBe('3');
    expect(plain(10_000_000n)).toBe('0.1');
    expect(plain(100_00_000_000n)).toBe('100');
    expect(plain(0n)).toBe('0');
  });

  it('keeps sums that floats lose', () => {
    expect(plain(parse('0.1')! + parse('0.2')!)).toBe('0.3');
    expect(plain(multiply(parse('64999.69')!, parse('0.1')!))).toBe('6499.969');
    expect(plain(divide(parse('1')!, parse('3')!))).toBe('0.33333333');
    expect(divide(1n, 0n)).toBe(0n);
  });

  it('floors to a step', () => {
    expect(plain(floorTo(parse('0.123456')!, parse('0.00001')!))).toBe('0.12345');
    expect(floorTo(7n, 0n)).toBe(7n);
  });

  it('knows the digits of a step and groups thousands', () => {
    expect(digitsOf('0.01000000')).toBe(2);
    expect(digitsOf('1.00000000')).toBe(0);
    expect(grouped('1234567.1234567')).toBe('1,234,567.1234567');
    expect(grouped('999')).toBe('999');
  });

  it('turns levels into integers and back', () => {
    expect(units('64999.69000000', 2)).toBe(6_499_969);
    expect(units('0.07', 5)).toBe(7000);
    expect(units('12', 3)).toBe(12_000);
    expect(unitsText(6_499_969, 2)).toBe('64999.69');
    expect(unitsText(7, 5)).toBe('0.00007');
    expect(unitsText(7, 0)).toBe('7');
  });
});
