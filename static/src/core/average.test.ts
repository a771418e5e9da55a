import { expect, it } from 'vitest';
import { averageText } from './average';

it('is the money by the quantity', () => {
  expect(averageText('301', '2', 2)).toBe('150.50');
  expect(averageText('0.00000001', '3', 5)).toBe('0.00000');
  expect(averageText('0', '0.00000000', 2)).toBeNull();
});
