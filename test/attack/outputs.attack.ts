import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect } from 'vitest';
import { toBase64Url, toHex } from '../../src/foundation/index.ts';
import { expectExact } from '../support/exact-result.ts';
import type { Overheard } from '../support/small-cloud.ts';
import { refused } from './attack.ts';
import { against, commitAll, sharesAt, TWO_EACH } from './scene.ts';

/** What gives a share away to somebody who can guess the reading, as bytes. */
function tracesOf(share: Uint8Array): readonly Uint8Array[] {
  const hashes = ['md5', 'sha1', 'sha256', 'sha512'].map(
    (name) => new Uint8Array(createHash(name).update(share).digest()),
  );
  return [share.slice(0, 16), share.slice(-16), ...hashes.map((hash) => hash.slice(0, 8))];
}

/** A run with copies, repairs, an audit and a result, and everything that was said in it. */
async function overheardRun() {
  const heard: Overheard[] = [];
  const overhear = (message: Overheard) => void heard.push(message);
  return against({ shape: TWO_EACH, overhear }, async (cloud) => {
    const window = await cloud.openWindow();
    const readings = await commitAll(cloud, window, ['21.3', '-7', '40']);
    const shares: Uint8Array[] = [];
    for (const { owner, partition } of readings) {
      for (const index of [0, 1, 2]) {
        const rows = await sharesAt(cloud, owner(index), window, partition);
        shares.push(...rows.map(({ share }) => share));
      }
    }
    await cloud.restart();
    const operatorHears: unknown[] = [];
    operatorHears.push(await cloud.clock.until(cloud.operator.audit()));
    operatorHears.push(await cloud.clock.until(cloud.operator.status()));
    const outcome = await cloud.compute(window);
    expectExact(outcome, ['21.3', '-7', '40']);
    operatorHears.push(await cloud.clock.until(cloud.operator.readStream(cloud.stream.hash)));
    return { heard, shares, operatorHears: JSON.stringify(operatorHears), logs: cloud.logLines.join('\n') };
  });
}

const domainOf = (node: string | undefined): string => node?.slice(0, 1) ?? 'outside';
const bytesOf = ({ request, response }: Overheard): string => `${toHex(request)} ${toHex(response)}`;

refused('F6', 'a hash, checksum or copy of a share in anything that leaves its domain', async () => {
  const { heard, shares, logs } = await overheardRun();
  expect(shares.length).toBeGreaterThanOrEqual(9);
  const abroad = heard.filter(({ from, to }) => domainOf(from) !== domainOf(to)).map(bytesOf);
  const text = abroad.join('\n');
  for (const trace of shares.flatMap(tracesOf)) {
    expect(text).not.toContain(toHex(trace));
    expect(logs).not.toContain(toHex(trace));
    expect(logs).not.toContain(toBase64Url(trace));
  }
  // Four bytes may be there by chance, but not those of two shares.
  const checksums = shares.map((share) => crc32(share).toString(16).padStart(8, '0'));
  expect(checksums.filter((sum) => text.includes(sum) || logs.includes(sum)).length).toBeLessThan(2);
  // The same search finds what nodes of one domain copy to each other.
  const inside = heard.filter(({ from, to }) => from !== to && domainOf(from) === domainOf(to)).map(bytesOf);
  const [some] = shares.filter((share) => inside.some((said) => said.includes(toHex(share))));
  expect(some).toBeDefined();
});

refused('F5', 'the doctor and status of the operator as a way to rows', async () => {
  const { operatorHears, shares } = await overheardRun();
  expect(operatorHears.length).toBeGreaterThan(100);
  for (const trace of shares.flatMap(tracesOf)) {
    expect(operatorHears).not.toContain(toHex(trace));
    expect(operatorHears).not.toContain(toBase64Url(trace));
  }
});
