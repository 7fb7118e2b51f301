import { expect, test } from 'vitest';
import { nodeIdentityOf, nodeIdentityUri } from '../../../src/platform/index.ts';
import { domainId, nodeId } from '../../../src/ring/index.ts';

const IDENTITY = { domain: domainId('alpha'), node: nodeId('a-1') };

test('the identity is read from among the other names', () => {
  const uri = nodeIdentityUri(IDENTITY);
  expect(uri).toBe('mcloud://alpha/a-1');
  expect(nodeIdentityOf(`URI:${uri}`)).toEqual(IDENTITY);
  expect(nodeIdentityOf(`DNS:localhost, IP Address:127.0.0.1, URI:${uri}, URI:https://x/`)).toEqual(IDENTITY);
});

test.each([
  [undefined],
  [''],
  ['DNS:localhost'],
  ['URI:mcloud://alpha/a-1, URI:mcloud://alpha/a-2'],
  ['URI:mcloud://alpha/a-1, URI:mcloud://alpha/a-1'],
  ['DNS:"x, URI:mcloud://alpha/a-1, y"'],
  ['DNS:mcloud://alpha/a-1'],
  ['URI:mcloud://alpha'],
  ['URI:mcloud://alpha/a-1/'],
  ['URI:mcloud://alpha/a-1/x'],
  ['URI:mcloud:///a-1'],
  ['URI:mcloud://Alpha/a-1'],
  ['URI:mcloud://alpha/a-1?x'],
  ['URI:https://alpha/a-1'],
])('%j names no node', (names) => {
  expect(nodeIdentityOf(names)).toBeUndefined();
});
