import { describe, expect, it } from 'vitest';
import { createTokenSource } from '../../../operator-cli/operator/index.ts';
import { generateEd25519, verifyOperatorToken } from '../../../src/platform/index.ts';
import { domainId } from '../../../src/ring/index.ts';
import { sleepingClock } from '../support/fake-clouds.ts';

describe('operator tokens', () => {
  it('are accepted by the domain they are for, with every scope, and by no other', async () => {
    const { publicKey, privateKeyPem } = await generateEd25519();
    const clock = sleepingClock();
    const token = await createTokenSource({ privateKeyPem, clock })(domainId('a'));
    const expected = { operatorKey: publicKey, nowMs: clock.now() };
    const claims = await verifyOperatorToken(token, { ...expected, domain: 'a' });
    expect(claims).toEqual({ subject: 'operator', scopes: ['compute', 'ring', 'streams', 'seal', 'status'] });
    await expect(verifyOperatorToken(token, { ...expected, domain: 'b' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('are kept for a while and renewed before they end', async () => {
    const { publicKey: operatorKey, privateKeyPem } = await generateEd25519();
    const clock = sleepingClock();
    const tokenFor = createTokenSource({ privateKeyPem, clock });
    const first = await tokenFor(domainId('a'));
    await clock.sleep(200_000);
    expect(await tokenFor(domainId('a'))).toBe(first);
    await clock.sleep(60_000);
    const second = await tokenFor(domainId('a'));
    expect(second).not.toBe(first);
    await clock.sleep(230_000);
    await verifyOperatorToken(second, { operatorKey, domain: 'a', nowMs: clock.now() });
  });

  it('need an Ed25519 key', async () => {
    const tokenFor = createTokenSource({ privateKeyPem: 'no key', clock: sleepingClock() });
    await expect(tokenFor(domainId('a'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
