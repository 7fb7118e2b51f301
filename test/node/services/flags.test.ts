import { afterEach, describe, expect, it } from 'vitest';
import type { FlagVote, VoteRequest } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { diskText, type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const TIMEOUT_MS = 30_000;
/** Longer than two rounds of a node's care. */
const CARE_MS = 4_000;

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** A Synod request about the flag of a reading, asked by its own acceptor as a peer. */
async function vote(
  reading: RawReading,
  ask: Pick<VoteRequest, 'kind' | 'value'> & { counter: number },
): Promise<FlagVote> {
  const { counter, ...rest } = ask;
  const request = { ...reading.flagsRequest, ...rest, ballot: { counter, proposer: 1 } };
  const { votes } = await cloud.askAs(reading.acceptor, reading.acceptor, operations.VOTE, request);
  const [first] = votes;
  if (first === undefined) throw new Error('expected a vote');
  return first;
}
const prepare = (reading: RawReading, counter = 1) =>
  vote(reading, { kind: 'prepare', value: null, counter });
const accept = (reading: RawReading, value: 'TRUE' | 'ERROR', counter: number) =>
  vote(reading, { kind: 'accept', value, counter });

const TRUE = { outcomes: ['TRUE'] };
const ERROR = { outcomes: ['ERROR'] };
const UNDECIDED = { outcomes: ['UNDECIDED'] };

describe('a flag that is set', () => {
  it('is TRUE for everyone, however often it is asked, set or uploaded', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1.5');
    expect(await reading.get()).toEqual(UNDECIDED);
    await reading.notice();
    expect(await reading.get()).toEqual(UNDECIDED);
    expect(await reading.set()).toEqual(TRUE);
    expect(await reading.set()).toEqual(TRUE);
    expect(await reading.get()).toEqual(TRUE);
    await reading.notice();
    expect(await reading.get()).toEqual(TRUE);
  });

  it('stays TRUE after its timeout and after a restart', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '1.5');
    await reading.commit();
    await cloud.clock.advance(TIMEOUT_MS + CARE_MS);
    await cloud.restart();
    await cloud.clock.advance(TIMEOUT_MS + CARE_MS);
    expect(await reading.get()).toEqual(TRUE);
    expectExact(await cloud.compute(window), ['1.5']);
  });

  it('may be set at an acceptor that has seen no share', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1.5');
    expect(await reading.set()).toEqual(TRUE);
  });
});

describe('asking for a flag', () => {
  it('writes nothing, also where nobody knows the flag', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const known = cloud.reading(window, '1');
    await known.notice();
    await cloud.clock.advance(0);
    const before = cloud.nodeIds.map((node) => diskText(cloud.store(node)));
    expect(await known.get()).toEqual(UNDECIDED);
    expect(await cloud.reading(window, '2').get()).toEqual(UNDECIDED);
    expect(cloud.nodeIds.map((node) => diskText(cloud.store(node)))).toEqual(before);
  });
});

describe('a flag that is not set in time', () => {
  it('becomes ERROR for ever: SET says so, also after a restart, and it counts nowhere', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const late = cloud.reading(window, '59');
    const good = cloud.reading(window, '-7.5');
    await good.commit();
    for (const index of [0, 1, 2]) await late.upload(index);
    await cloud.clock.advance(TIMEOUT_MS - 1);
    expect(await late.get()).toEqual(UNDECIDED);
    await cloud.clock.advance(CARE_MS);
    expect(await late.get()).toEqual(ERROR);
    expect(await late.set()).toEqual(ERROR);
    await cloud.restart();
    expect(await late.set()).toEqual(ERROR);
    expectExact(await cloud.compute(window), ['-7.5']);
    expect(await late.get()).toEqual(ERROR);
  });

  it('is remembered over a restart, so that its time runs on', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    await cloud.clock.advance(TIMEOUT_MS - CARE_MS);
    await cloud.restart();
    const { undecidedFlags } = cloud.handle(reading.acceptor).status();
    expect(undecidedFlags).toBe(1);
    await cloud.clock.advance(2 * CARE_MS);
    expect(await reading.get()).toEqual(ERROR);
    expect(cloud.handle(reading.acceptor).status().undecidedFlags).toBe(0);
  });
});

describe('an acceptor', () => {
  it('refuses to resolve a flag before its timeout, and permits it from then on', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    expect(await prepare(reading)).toMatchObject({ granted: false, early: true, accepted: null });
    await cloud.clock.advance(TIMEOUT_MS - 1);
    expect(await prepare(reading)).toMatchObject({ granted: false, early: true });
    expect(await reading.set()).toEqual(TRUE);
  });

  it('starts the time of a flag it never heard of with the first attempt to resolve it', async () => {
    cloud = await startSmallCloud({ stream: { flagTimeoutMs: 500 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    expect(await prepare(reading)).toMatchObject({ granted: false, early: true });
    await cloud.clock.advance(499);
    expect(await prepare(reading)).toMatchObject({ granted: false, early: true });
    await cloud.clock.advance(1);
    expect(await prepare(reading)).toMatchObject({ granted: true, early: false });
  });

  it('that promised to a resolver does not let SET pass, and neither outcome is told before one is decided', async () => {
    cloud = await startSmallCloud({ stream: { flagTimeoutMs: 500 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    await cloud.clock.advance(500);
    await prepare(reading, 3);
    expect(await reading.set()).toEqual(UNDECIDED);
    expect(await accept(reading, 'ERROR', 2)).toMatchObject({ granted: false, accepted: null });
    expect(await accept(reading, 'ERROR', 3)).toMatchObject({ granted: true });
    expect(await reading.set()).toEqual(ERROR);
    expect(await reading.get()).toEqual(ERROR);
  });

  it('shows a resolver that the flag is TRUE, so that nothing else can be decided', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.set();
    await cloud.clock.advance(TIMEOUT_MS);
    const accepted = { ballot: { counter: 0, proposer: 0 }, value: 'TRUE' };
    expect(await prepare(reading)).toMatchObject({ granted: true, accepted });
    expect(await reading.get()).toEqual(TRUE);
  });

  it('takes nothing at ballot 0 but what sensors say themselves', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await expectCode(accept(reading, 'TRUE', 0), 'MALFORMED_BODY');
    await expectCode(accept(reading, 'ERROR', 0), 'MALFORMED_BODY');
    await expectCode(prepare(reading, 0), 'MALFORMED_BODY');
    await expectCode(vote(reading, { kind: 'accept', value: null, counter: 1 }), 'MALFORMED_BODY');
  });

  it('takes a flag that is named twice in one request as one', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    const flags = [reading.entry, reading.entry];
    const { acceptor } = reading;
    const set = await cloud.ask(acceptor, operations.SET, await reading.setRequest({ flags }));
    expect(set.outcomes).toEqual(['TRUE', 'TRUE']);
    expect(cloud.rowsAt(acceptor, 'flags')).toHaveLength(1);
  });
});

describe('a frozen window', () => {
  it('refuses everything that could change a flag or a share, for ever', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const known = cloud.reading(window, '1');
    await known.commit();
    const fresh = cloud.reading(window, '2');
    const context = known.flagsRequest.context;
    for (const node of cloud.nodeIds) await cloud.askAs(node, node, operations.FREEZE, { context });
    const proveFrozen = async () => {
      for (const reading of [known, fresh]) {
        await expectCode(reading.accept(), 'WINDOW_SEALED');
        await expectCode(reading.set(), 'WINDOW_SEALED');
        await expectCode(reading.upload(0), 'WINDOW_SEALED');
        await expectCode(prepare(reading), 'WINDOW_SEALED');
        await expectCode(accept(reading, 'TRUE', 8), 'WINDOW_SEALED');
        await expectCode(accept(reading, 'ERROR', 9), 'WINDOW_SEALED');
      }
      expect(await known.get()).toEqual(TRUE);
      expect(await fresh.get()).toEqual(UNDECIDED);
    };
    await proveFrozen();
    await cloud.restart();
    await proveFrozen();
    expectExact(await cloud.compute(window), ['1']);
    expect(await known.set()).toEqual(TRUE);
    expect(await fresh.set()).toEqual(ERROR);
    expect(await fresh.get()).toEqual(ERROR);
  });
});

describe('a window that holds as many readings as its stream allows', () => {
  it('refuses another one and keeps those it has, also after a restart', async () => {
    cloud = await startSmallCloud({ stream: { maxReadings: 2, maxExcluded: 0 } });
    const window = await cloud.openWindow();
    const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
    const [first, second, third, fourth] = ['1', '2', '3', '4'].map(inOnePlace) as [
      RawReading,
      RawReading,
      RawReading,
      RawReading,
    ];
    await first.commit();
    await second.notice();
    await expectCode(third.notice(), 'WINDOW_FULL');
    await expectCode(fourth.accept(), 'WINDOW_FULL');
    expect(await first.notice()).toEqual({ answers: ['STORED'] });
    await cloud.restart();
    await expectCode(third.notice(), 'WINDOW_FULL');
    await second.commit();
    expectExact(await cloud.compute(window), ['1', '2']);
  });
});
