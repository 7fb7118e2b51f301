import { describe, expect, it } from 'vitest';
import { fixedRing, fixedStream, NAMED_READINGS_MAX } from '../support/simulated-ring.ts';
import { START_MS } from './kernel/index.ts';
import { type Plan, type PlannedOperation, planOf } from './plan.ts';
import { erasedAt } from './planned-windows.ts';
import type { PlannedRingChange } from './ring-worlds.ts';
import { SAFETY_MS } from './swarm.ts';

const exponentsOf = (one: PlannedOperation): readonly number[] =>
  one.kind === 'upload' ? [one.exponent] : one.kind === 'flush' ? one.exponents : [];
const placementsOf = ({ ringChanges = [] }: Plan) => ringChanges.filter((one) => one.kind !== 'renew');
const isResealing = (change: PlannedRingChange) => change.kind === 'renew' && change.sealing === true;
const plans = Array.from({ length: 300 }, (_, seed) => planOf(seed));

describe('the plan of a seed', () => {
  it('is plain data and a function of the seed', () => {
    for (const plan of plans.slice(0, 20))
      expect(planOf(plan.seed)).toEqual(JSON.parse(JSON.stringify(plan)));
    expect(planOf(1)).not.toEqual({ ...planOf(2), seed: 1 });
  });

  it('uses every reading once, so that a doubled one shows', () => {
    for (const { operations } of plans) {
      const exponents = operations.flatMap(exponentsOf);
      expect(new Set(exponents).size).toBe(exponents.length);
      for (const exponent of exponents) expect(exponent).toBeLessThan(NAMED_READINGS_MAX);
    }
  });

  it('has readings that come together: in one flush, of one sensor or of several, and at one moment', () => {
    const flushing = plans.filter(({ operations }) => operations.some(({ kind }) => kind === 'flush'));
    expect(flushing.length).toBeGreaterThan(80);
    expect(flushing.length).toBeLessThan(160);
    const flushes = plans.flatMap(({ operations }) => operations.filter((one) => one.kind === 'flush'));
    expect(flushes.filter(({ exponents }) => exponents.length > 4).length).toBeGreaterThan(200);
    expect(flushes.filter(({ gateway }) => gateway).length).toBeGreaterThan(100);
    const crowded = plans.filter(({ operations }) => {
      const times = operations.flatMap((one) => (one.kind === 'upload' ? [one.atMs] : []));
      return times.length > 10 && new Set(times).size < times.length / 2;
    });
    expect(crowded.length).toBeGreaterThan(20);
  });

  it('has every class of faults in some seeds and leaves it out of others', () => {
    const kinds = ['crash', 'stop', 'crash at site', 'sensor death', 'cut', 'partition', 'clog', 'pause'];
    for (const kind of kinds) {
      const having = plans.filter(({ faults }) => faults.some((fault) => fault.kind === kind)).length;
      expect(having).toBeGreaterThan(80);
      expect(having).toBeLessThan(220);
    }
    for (const rate of ['loss', 'duplication', 'stall'] as const) {
      const having = plans.filter(({ network }) => network[rate] > 0).length;
      expect(having).toBeGreaterThan(100);
      expect(having).toBeLessThan(200);
    }
  });

  it('has every class of what a disk does in half of the seeds, whatever their ring can lose', () => {
    const small = plans.filter(({ shape }) => shape.acceptors === 1 || shape.nodesPerDomain === 1);
    expect(small.length).toBeGreaterThan(40);
    for (const some of [plans, small])
      for (const kind of ['lost folder', 'dropped commit', 'disk error', 'full disk', 'lost share']) {
        const having = some.filter(({ faults }) => faults.some((fault) => fault.kind === kind)).length;
        expect(having / some.length, kind).toBeGreaterThan(0.35);
        expect(having / some.length, kind).toBeLessThan(0.65);
      }
  });

  it('flips bits in rows of every kind, and loses at most one data folder of a run', () => {
    const having = (table: string) =>
      plans.filter(({ faults }) => faults.some((one) => one.kind === 'bit flip' && one.table === table));
    for (const table of ['windows', 'meta', 'documents', 'keys'])
      expect(having(table).length).toBeGreaterThan(20);
    for (const table of ['flags', 'values']) {
      expect(having(table).length).toBeGreaterThan(120);
      expect(having(table).length).toBeLessThan(180);
    }
    for (const { faults } of plans)
      expect(faults.filter(({ kind }) => kind === 'lost folder').length).toBeLessThanOrEqual(1);
  });

  it('loses shares in whole domains only where a stream may leave readings out, mostly before the seal', () => {
    const having = plans.filter(({ faults }) => faults.some(({ kind }) => kind === 'lost share'));
    expect(plans.filter(({ maxExcluded }) => maxExcluded !== undefined)).toEqual(having);
    expect(
      having.filter(({ shape }) => shape.nodesPerDomain === 3 && shape.replicas === 1).length,
    ).toBeGreaterThan(30);
  });

  it('takes a node away for ever where a domain can do without', () => {
    const having = plans.filter(({ faults }) => faults.some(({ kind }) => kind === 'gone'));
    expect(having.length).toBeGreaterThan(20);
    for (const { shape } of having) expect(shape.nodesPerDomain).toBeGreaterThanOrEqual(3);
  });

  it('keeps all nodes of a domain but one away while a window fills, so that shares wait as hints', () => {
    const having = plans.filter(({ shape, faults, windows }) =>
      windows.some(({ openMs, notBeforeMs }) => {
        const away = faults.flatMap((fault) =>
          fault.kind === 'crash' && fault.atMs >= openMs && fault.atMs + fault.downMs > notBeforeMs - 6_000
            ? [fault.node]
            : [],
        );
        return Array.from({ length: shape.domains }, (_, domain) => domain).some(
          (domain) =>
            new Set(away.filter((node) => Math.floor(node / shape.nodesPerDomain) === domain)).size === 2,
        );
      }),
    );
    expect(having.filter(({ shape }) => shape.nodesPerDomain === 3).length).toBeGreaterThan(40);
  });

  it('decides about each class of faults by itself', () => {
    const having = (kind: string) =>
      plans.filter(({ faults }) => faults.some((fault) => fault.kind === kind));
    const both = having('dropped commit').filter((plan) => having('lost folder').includes(plan)).length;
    expect(both).toBeGreaterThan(having('dropped commit').length / 4);
    expect(having('dropped commit').length - both).toBeGreaterThan(having('dropped commit').length / 4);
  });

  it('has windows of both kinds, and fixed ones that begin where the protocol lets them', () => {
    const fixed = plans.filter(({ fixedMs }) => fixedMs !== undefined);
    expect(fixed.length).toBeGreaterThan(100);
    expect(fixed.length).toBeLessThan(200);
    for (const { fixedMs = 0, windows } of fixed)
      for (const { openMs } of windows) expect((START_MS + openMs) % fixedMs).toBe(0);
  });

  it('has a gate in half of the worlds, mostly with enrolled sensors, and labels in some', () => {
    const gated = plans.filter(({ gate }) => gate !== undefined);
    const enrolled = gated.filter(({ roster }) => roster !== undefined);
    expect(gated.length).toBeGreaterThan(100);
    expect(gated.length).toBeLessThan(200);
    expect(enrolled.length).toBeGreaterThan(gated.length / 2);
    expect(plans.filter(({ roster }) => roster !== undefined)).toHaveLength(enrolled.length);
    expect(plans.filter(({ groups }) => groups !== undefined).length).toBeGreaterThan(40);
    const batches = enrolled.flatMap(({ roster = [] }) => roster);
    for (const { enrol, revoke } of batches) expect(enrol.length + revoke.length).toBeGreaterThan(0);
    expect(batches.filter(({ revoke }) => revoke.length > 0).length).toBeGreaterThan(20);
  });

  it('erases windows in a third of the worlds, some while things still go wrong', () => {
    const erasing = plans.flatMap((plan) => {
      const { retentionMs, windows } = plan;
      return retentionMs === undefined ? [] : [windows.map((window) => erasedAt(plan, retentionMs, window))];
    });
    expect(erasing.length).toBeGreaterThan(70);
    expect(erasing.length).toBeLessThan(140);
    expect(erasing.filter((ends) => ends.some((endMs) => endMs < SAFETY_MS)).length).toBeGreaterThan(30);
  });

  it('changes the ring in some worlds, up to several times, and a window follows each change', () => {
    const changing = plans.filter((plan) => placementsOf(plan).length > 0);
    expect(changing.length).toBeGreaterThan(50);
    expect(changing.length).toBeLessThan(120);
    const rows = changing.map((plan) =>
      placementsOf(plan)
        .map(({ kind }) => kind)
        .join(),
    );
    for (const row of ['grow,grow', 'grow,replace', 'replace,grow', 'replace,replace'])
      expect(rows.filter((kinds) => kinds.includes(row)).length).toBeGreaterThan(3);
    for (const plan of changing) {
      const { windows } = plan;
      const placements = placementsOf(plan);
      for (const [place, { atMs, placementMs }] of placements.entries()) {
        const next = placements[place + 1];
        expect(placementMs).toBeGreaterThan(atMs);
        expect(next?.placementMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(placementMs);
        expect(windows.some(({ openMs }) => openMs >= placementMs)).toBe(true);
      }
    }
    const losing = changing.filter(({ faults }) =>
      faults.some(({ kind }) => kind === 'lost folder' || kind === 'dropped commit' || kind === 'gone'),
    );
    expect(losing.length).toBeGreaterThan(30);
  });

  it('has clocks that are off by seconds in half of the worlds, and by half a minute in some of them', () => {
    const off = plans.map(({ skewsMs, healedSkewsMs = skewsMs }) => Math.max(...healedSkewsMs.map(Math.abs)));
    expect(off.filter((most) => most > 0).length).toBeGreaterThan(120);
    expect(off.filter((most) => most > 10_000).length).toBeGreaterThan(15);
    expect(off.filter((most) => most > 10_000).length).toBeLessThan(60);
    expect(Math.max(...off)).toBeLessThanOrEqual(30_000);
  });

  it('has clocks that are off by minutes until the faults end in some worlds, one of them or all', () => {
    const astray = plans.filter(({ healedSkewsMs }) => healedSkewsMs !== undefined);
    expect(astray.length).toBeGreaterThan(25);
    expect(astray.length).toBeLessThan(70);
    const victims = astray.map(
      ({ skewsMs }) => skewsMs.filter((skewMs) => Math.abs(skewMs) >= 60_000).length,
    );
    expect(victims.filter((count) => count === 1).length).toBeGreaterThan(15);
    expect(victims.filter((count) => count > 1).length).toBeGreaterThan(5);
    expect(Math.min(...victims)).toBeGreaterThan(0);
  });

  it('renews keys to which shares are sealed in some worlds, while windows are open', () => {
    const resealing = plans.filter(({ ringChanges = [] }) => ringChanges.some(isResealing));
    expect(resealing.length).toBeGreaterThan(35);
    expect(resealing.length).toBeLessThan(90);
    const open = resealing.filter(({ ringChanges = [], windows }) =>
      ringChanges.some(
        (change) =>
          isResealing(change) &&
          windows.some(({ openMs, latestMs }) => openMs < change.atMs && change.atMs < latestMs),
      ),
    );
    expect(open.length).toBeGreaterThan(25);
  });

  it('renews keys of domains in some worlds, also where their ring changes, and has streams of some domains', () => {
    const renewing = plans.filter(({ ringChanges = [] }) =>
      ringChanges.some((change) => change.kind === 'renew' && !isResealing(change)),
    );
    expect(renewing.length).toBeGreaterThan(50);
    expect(renewing.length).toBeLessThan(100);
    expect(renewing.filter((plan) => placementsOf(plan).length > 0).length).toBeGreaterThan(10);
    const some = plans.filter(
      ({ domains = [], shape }) => domains.length > 0 && domains.length < shape.domains,
    );
    expect(some.length).toBeGreaterThan(25);
    for (const { domains, shape } of plans) {
      if (domains === undefined) continue;
      expect(new Set(domains).size).toBe(domains.length);
      expect(domains.length * shape.nodesPerDomain).toBeGreaterThanOrEqual(shape.acceptors === 3 ? 3 : 2);
    }
  });

  it('enrols most sensors before the first window begins, and others later', () => {
    for (const { roster, windows } of plans) {
      if (roster === undefined) continue;
      expect(roster[0]?.atMs).toBeLessThan(Math.min(...windows.map(({ openMs }) => openMs)));
    }
    const late = plans.filter(({ roster = [] }) => roster.slice(1).some(({ enrol }) => enrol.length > 0));
    expect(late.length).toBeGreaterThan(60);
  });

  it('lets some sensors that die start again', () => {
    const deaths = plans.flatMap(({ faults }) => faults.filter((fault) => fault.kind === 'sensor death'));
    const back = deaths.filter(({ backMs }) => backMs !== undefined).length;
    expect(back).toBeGreaterThan(deaths.length / 4);
    expect(back).toBeLessThan((3 * deaths.length) / 4);
  });

  it('ends every fault before the quiet phase', () => {
    for (const { faults, operations, quietMs } of plans) {
      for (const fault of faults) if ('atMs' in fault) expect(fault.atMs).toBeLessThanOrEqual(quietMs);
      for (const { atMs } of operations) expect(atMs).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the fixed ring of a simulation', () => {
  it('is the same document on every run, and its stream has room for every reading', async () => {
    const shape = { domains: 3, nodesPerDomain: 2, acceptors: 1, replicas: 1 } as const;
    const [first, second] = [await fixedRing(shape), await fixedRing(shape)];
    expect(first.document.jws).toBe(second.document.jws);
    expect(first.members).toHaveLength(6);
    const stream = await fixedStream(first, { flagTimeoutMs: 1_000, maxExcluded: 0 });
    expect(stream.maxReadings).toBe(NAMED_READINGS_MAX);
  });
});
