import { createOperator } from '../../operator-cli/operator/index.ts';
import { addElements, decodeElements, encodeElements, fieldElement } from '../../src/arithmetic/index.ts';
import { fromBase64Url, toBase64Url } from '../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import { operations, releasedRowCodec } from '../../src/protocol/index.ts';
import type { WindowId } from '../../src/ring/index.ts';
import { testVerifier } from '../support/development-ring.ts';
import type { SmallCloud } from '../support/small-cloud.ts';
import { against, commitAll, numbers, uploadVector } from './scene.ts';

/** COMPUTE where domain b adds this to the elements of its aggregate share. */
export function computeWithLie(cloud: SmallCloud, window: WindowId, lie: readonly bigint[]) {
  const transport: Transport = {
    async send(to, request, options) {
      const answer = await cloud.transport.send(to, request, options);
      if (to !== 'b1' || request.path !== operations.COMPUTE.path || answer.status !== 200) return answer;
      const said = operations.COMPUTE.response.decode(answer.body);
      if (said.status !== 'ROW') return answer;
      const row = releasedRowCodec.decode(fromBase64Url(said.row));
      const honest = decodeElements(row.elements);
      const elements = encodeElements(honest.map((e, i) => addElements(e, fieldElement(lie[i] ?? 0n))));
      const changed = toBase64Url(releasedRowCodec.encode({ ...row, elements }));
      return { ...answer, body: operations.COMPUTE.response.encode({ ...said, row: changed }) };
    },
    close: async () => {},
  };
  const { ring, clock, stream } = cloud;
  const operator = createOperator({
    ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: testVerifier,
    tokenFor: async () => 'token',
  });
  return clock.until(operator.compute(stream, window, { waitMs: 10_000 }));
}

/** A window of ten readings 0 to 9 and of one sensor that shares something else, in stored integers. */
export async function poisoned(vector: readonly bigint[]) {
  return against({}, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(10));
    await uploadVector(cloud, window, vector);
    return cloud.compute(window);
  });
}
