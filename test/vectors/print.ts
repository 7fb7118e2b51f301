import { writeFileSync } from 'node:fs';
import { coreVectors, vectorText } from './generate/core.ts';
import { linkVectors } from './generate/links.ts';
import { packetVectors } from './generate/packets.ts';
import { protocolVectors } from './generate/protocol.ts';
import { ringVectors } from './generate/ring.ts';
import { shareContentVectors } from './generate/share-content.ts';

/** Writes every vector file again: after a wanted change of the format, and never to make a test pass. */
const files = {
  ...coreVectors(),
  ...(await ringVectors()),
  ...protocolVectors(),
  ...(await packetVectors()),
  ...shareContentVectors(),
  ...linkVectors(),
};
for (const [fileName, content] of Object.entries(files)) {
  writeFileSync(new URL(fileName, import.meta.url), vectorText(content));
}
console.log(`wrote ${Object.keys(files).sort().join(', ')}`);
