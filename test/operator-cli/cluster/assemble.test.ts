import { expect, test } from 'vitest';
import { sharedNames } from '../../../operator-cli/cluster/index.ts';
import { domainId, openSection } from '../../../src/ring/index.ts';
import { sectionPayload, signFixedSection, testVerifier } from '../../support/development-ring.ts';

test('one company in two spellings is told, as the sensors that refuse it compare them', async () => {
  const sections = await Promise.all(
    ['Acme Cloud', 'ACME\u00a0 Cloud', 'Other'].map(async (provider, place) => {
      const payload = {
        ...sectionPayload(domainId(['a', 'b', 'c'][place] ?? ''), 1),
        provider,
        operatorName: `op ${place}`,
      };
      return openSection(await signFixedSection(payload), testVerifier);
    }),
  );
  expect(sharedNames(sections)).toEqual(['provider acme cloud: a, b']);
});
