import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/protocol/index.ts';
import { vectorText } from './generate/core.ts';
import { linkVectors } from './generate/links.ts';
import { messageSamples } from './generate/message-samples.ts';
import { packetVectors } from './generate/packets.ts';
import { protocolVectors } from './generate/protocol.ts';
import { shareContentVectors } from './generate/share-content.ts';

const files = {
  ...protocolVectors(),
  ...(await packetVectors()),
  ...shareContentVectors(),
  ...linkVectors(),
};

describe('the vectors of messages, packets and links', () => {
  it.each(Object.entries(files))('in %s are what the code prints today', (fileName, content) => {
    expect(vectorText(content)).toBe(readFileSync(new URL(fileName, import.meta.url), 'utf8'));
  });

  it('have a sample of every binary request of the catalogue', () => {
    const samples = messageSamples();
    for (const { path, request } of Object.values(operations)) {
      if (request.contentType !== 'application/octet-stream') continue;
      const taken = samples.some(({ bytes }) => accepts(request, bytes));
      expect(taken, `a sample of the request to ${path}`).toBe(true);
    }
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)(
    'are read by a second decoder in another language as this one reads them',
    () => {
      const checker = fileURLToPath(new URL('check.py', import.meta.url));
      expect(execFileSync('python3', [checker], { encoding: 'utf8' })).toMatch(/^ok \d+ cases/);
    },
  );
});

function accepts(codec: { decode(bytes: Uint8Array): unknown }, bytes: Uint8Array): boolean {
  try {
    codec.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
