import { describe, expect, it } from 'vitest';
import type { SectionPayload } from '../../../src/ring/index.ts';
import {
  CERTIFICATE_CHARS_MAX,
  DOCUMENT_CHARS_MAX,
  DOMAINS_MAX,
  LEGAL_NAME_CHARS_MAX,
  LOST_STORES_MAX,
  NODES_MAX,
  nodeId,
  openRingDocument,
  storeId,
} from '../../../src/ring/index.ts';
import {
  domainNames,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from '../../support/development-ring.ts';

const HEAD = '-----BEGIN CERTIFICATE-----\n';
const FOOT = '-----END CERTIFICATE-----\n';
/** 253 characters, the longest DNS name. */
const longName = (id: string) => [id, ...Array(4).fill('x'.repeat(60))].join('.').slice(0, 253);

function largestSection(domain: ReturnType<typeof domainNames>[number], nodes: number): SectionPayload {
  const section = sectionPayload(domain, nodes);
  const line = `${domain}${'A'.repeat(63)}\n`;
  const lines = Math.floor((CERTIFICATE_CHARS_MAX - HEAD.length - FOOT.length) / line.length);
  return {
    ...section,
    operatorName: 'é'.repeat(LEGAL_NAME_CHARS_MAX),
    provider: 'é'.repeat(LEGAL_NAME_CHARS_MAX),
    certificateAuthority: HEAD + line.repeat(lines) + FOOT,
    nodes: section.nodes.map((node) => {
      const id = `${node.id}-`.padEnd(31, 'x');
      return {
        ...node,
        id: nodeId(id),
        url: `https://${longName(node.id)}:65534`,
        peerUrl: `https://${longName(node.id)}:65535`,
      };
    }),
    lostStores: Array.from({ length: LOST_STORES_MAX }, (_, i) =>
      storeId(`${domain.charCodeAt(0)}${i}`.padStart(32, 'f')),
    ),
  };
}

describe('the limits of a ring', () => {
  it('keep its document within the length that is read at all', async () => {
    const sections = await Promise.all(
      domainNames(DOMAINS_MAX).map((domain) =>
        signFixedSection(largestSection(domain, NODES_MAX / DOMAINS_MAX)),
      ),
    );
    const jws = await signFixedRing(ringPayload(sections));
    expect(jws.length).toBeGreaterThan(DOCUMENT_CHARS_MAX / 2);
    expect(jws.length).toBeLessThanOrEqual(DOCUMENT_CHARS_MAX);
    const ring = await openRingDocument(jws, testVerifier);
    expect(ring.domains.flatMap(({ nodes }) => nodes)).toHaveLength(NODES_MAX);
  });

  it('refuse one node too many', async () => {
    const sections = await Promise.all(
      domainNames(DOMAINS_MAX).map((domain, i) =>
        signFixedSection(sectionPayload(domain, NODES_MAX / DOMAINS_MAX + (i === 0 ? 1 : 0))),
      ),
    );
    await expect(
      openRingDocument(await signFixedRing(ringPayload(sections)), testVerifier),
    ).rejects.toMatchObject({
      code: 'RING_REFUSED',
      message: expect.stringContaining(`at most ${NODES_MAX} nodes in the ring, got ${NODES_MAX + 1}`),
    });
  });
});
