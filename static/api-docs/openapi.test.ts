import { describe, expect, it } from 'vitest';
import { buildRequest, choices, credentialsText, matches, routesOf, sample, typeText, type Document, type Operation } from './openapi';

const operation: Operation = {
  operationId: 'postOrder',
  tags: ['Orders'],
  summary: 'Places an order.',
  parameters: [
    { name: 'side', in: 'query', required: true, description: '', schema: { $ref: '#/components/schemas/Side' } },
    { name: 'symbols', in: 'query', required: false, description: '' },
    { name: 'X-MBX-TIME-UNIT', in: 'header', required: false, description: '' },
  ],
  responses: {},
  security: [],
  'x-weight': 1,
};
const api: Document = {
  info: { title: '', version: '', description: '' },
  tags: [],
  paths: { '/order': { post: operation } },
  components: {
    schemas: {
      Side: { type: 'string', enum: ['BUY', 'SELL'] },
      Order: {
        type: 'object',
        properties: { side: { $ref: '#/components/schemas/Side' }, id: { type: 'integer' }, label: { type: 'string' } },
        required: ['side', 'id'],
      },
    },
    responses: {},
  },
};
const route = routesOf(api)[0]!;

describe('the explorer', () => {
  it('finds a route by any words of it', () => {
    expect(matches(route, 'post places')).toBe(true);
    expect(matches(route, 'post cancels')).toBe(false);
    expect(matches(route, '')).toBe(true);
  });

  it('offers the words a parameter may be', () => {
    expect(choices(api, operation.parameters[0]!)).toEqual(['BUY', 'SELL']);
    expect(choices(api, operation.parameters[1]!)).toEqual([]);
  });

  it('lists a path once, whether it ends in a slash or not', () => {
    const paths = { '/order': { post: operation }, '/order/': { post: operation }, '/alone/': { get: operation } };
    expect(routesOf({ ...api, paths }).map(({ path }) => path)).toEqual(['/order', '/alone/']);
  });

  it('states the credentials a route needs', () => {
    const both = [{ apiKey: [], signature: [] }, { session: [], csrf: [] }];
    expect(credentialsText(operation)).toBe('No credentials needed.');
    expect(credentialsText({ ...operation, security: both })).toBe('Requires an API key and signature, or a session and CSRF token.');
  });

  it('begins a body with what must be there', () => {
    expect(sample(api, { $ref: '#/components/schemas/Order' })).toEqual({ side: 'BUY', id: 0 });
  });

  it('says types in a few words', () => {
    expect(typeText({ type: 'array', items: { $ref: '#/components/schemas/Order' } })).toBe('[Order]');
    expect(typeText({ anyOf: [{ $ref: '#/x/Order' }, { type: 'null' }] })).toBe('Order or null');
  });

  it('sends what was filled in, where it belongs', () => {
    const values = { side: 'BUY', symbols: '["A B"]', 'X-MBX-TIME-UNIT': 'MICROSECOND' };
    const request = buildRequest(route, values, '', 'token');
    expect(request.url).toBe('/order?side=BUY&symbols=%5B%22A+B%22%5D');
    expect(request.headers).toEqual({ 'X-MBX-TIME-UNIT': 'MICROSECOND', 'X-CSRF-Token': 'token' });
    expect(request.body).toBeNull();
    expect(buildRequest(route, {}, '', null).url).toBe('/order');
  });

  it('sends a body where one is read', () => {
    const takes = { ...route, operation: { ...operation, requestBody: { content: {} } } };
    const request = buildRequest(takes, {}, '{}', null);
    expect(request.body).toBe('{}');
    expect(request.headers).toEqual({ 'Content-Type': 'application/json' });
  });
});
