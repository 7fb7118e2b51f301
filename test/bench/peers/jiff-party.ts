import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import jiff from 'jiff-mpc';
import { answerParent } from './messages.ts';

const PARTIES = 3;
let client: InstanceType<typeof jiff.JIFFClient> | undefined;

function serve(): Promise<number> {
  const server = createServer();
  new jiff.JIFFServer(server, { logs: false });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

function join({ port, party }: { port: number; party: number }): Promise<null> {
  return new Promise((resolve) => {
    client = new jiff.JIFFClient(`http://127.0.0.1:${port}`, 'sum', {
      party_id: party,
      party_count: PARTIES,
      crypto_provider: true,
      autoConnect: false,
      onConnect: () => resolve(null),
    });
    client.connect();
  });
}

/** Shares this party's values with the others, adds all shares and opens the sum. */
async function sum(values: readonly number[]): Promise<string> {
  const shares = await client?.share_array(values);
  const all = Object.values(shares ?? {}).flat();
  const [first, ...others] = all;
  if (first === undefined) throw new Error('expected shares to add');
  return String(await client?.open(others.reduce((total, share) => total.sadd(share), first)));
}

answerParent({ serve, join: (body) => join(body as never), sum: (body) => sum(body as never) });
