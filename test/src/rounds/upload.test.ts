import { expect, test } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import type { Effect, RoundEvent } from '../../../src/rounds/round.ts';
import type {
  UploadCall,
  UploadOptions,
  UploadOut,
  UploadReply,
  UploadState,
} from '../../../src/rounds/upload.ts';
import { uploadRound } from '../../../src/rounds/upload.ts';

const BACK_OFF = { baseMs: 100, capMs: 1_000 };
const DEADLINE_MS = 60_000;
const options: UploadOptions = { acceptors: 2, domains: 2, backOff: BACK_OFF, deadlineMs: DEADLINE_MS };

const LOST = new EngineError('UNREACHABLE', 'lost');
const SEALED = new EngineError('WINDOW_SEALED', 'sealed');
const FAILED = new EngineError('STORE_FAILED', 'a disk');

type UploadEffect = Effect<UploadCall, UploadOut>;
type UploadEvent = RoundEvent<UploadReply>;

/** A round driven by hand. */
function drive(own: Partial<UploadOptions> = {}) {
  const round = uploadRound({ ...options, ...own });
  const first = round.start();
  let state = first.state;
  let effects = first.effects;
  return {
    effects: () => effects,
    calls: () => effects.flatMap((effect) => (effect.kind === 'call' ? [effect.call] : [])),
    out: () => effects.flatMap((effect) => (effect.kind === 'finish' ? [effect.out] : []))[0],
    /** Answers the call of this kind that is under way, and wakes the round when it only waits. */
    happen(event: UploadEvent) {
      ({ state, effects } = round.step(state, event));
    },
    state: () => state,
  };
}

function toSet(own: Partial<UploadOptions> = {}) {
  const round = drive(own);
  round.happen({ kind: 'reply', id: 'upload 0/0', reply: 'STORED' });
  round.happen({ kind: 'reply', id: 'upload 1/0', reply: 'STORED' });
  return round;
}

test('every share comes first, and SET only after the last share', () => {
  const round = drive();
  expect(round.calls()).toEqual([
    { kind: 'upload', domain: 0, owner: 0 },
    { kind: 'upload', domain: 1, owner: 0 },
  ]);
  round.happen({ kind: 'reply', id: 'upload 1/0', reply: 'STORED' });
  expect(round.effects()).toEqual([]);
  round.happen({ kind: 'reply', id: 'upload 0/0', reply: 'STORED' });
  expect(round.calls()).toEqual([{ kind: 'set', acceptor: 0 }]);
  round.happen({ kind: 'reply', id: 'set/0', reply: 'TRUE' });
  expect(round.out()).toEqual({ kind: 'committed' });
});

test('waits double from try to try up to the cap, with full jitter', () => {
  const round = drive();
  const waits: number[] = [];
  for (let turn = 0; turn < 6; turn++) {
    round.happen({ kind: 'failure', id: `upload 0/${turn}`, error: LOST });
    const [wake] = round.effects();
    expect(wake).toMatchObject({ kind: 'wake', afterMs: 0 });
    waits.push(wake?.kind === 'wake' ? wake.jitterMs : 0);
    round.happen({ kind: 'wake', id: `after upload 0/${turn}` });
  }
  expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test('flag messages turn to the next acceptor and shares to the next owner', () => {
  const round = drive({ owners: 2 });
  round.happen({ kind: 'failure', id: 'upload 1/0', error: LOST });
  round.happen({ kind: 'wake', id: 'after upload 1/0' });
  expect(round.calls()).toEqual([{ kind: 'upload', domain: 1, owner: 1 }]);
  round.happen({ kind: 'reply', id: 'upload 1/1', reply: 'STORED' });
  round.happen({ kind: 'reply', id: 'upload 0/0', reply: 'STORED' });
  expect(round.calls()).toEqual([{ kind: 'set', acceptor: 0 }]);
  round.happen({ kind: 'failure', id: 'set/0', error: LOST });
  round.happen({ kind: 'wake', id: 'after set/0' });
  expect(round.calls()).toEqual([{ kind: 'set', acceptor: 1 }]);
});

test('before SET a refusal ends the round with its code', () => {
  const round = drive();
  round.happen({ kind: 'failure', id: 'upload 1/0', error: SEALED });
  expect(round.out()).toEqual({ kind: 'refused', refusal: { kind: 'error', error: SEALED } });
});

test.each<[string, UploadEvent]>([
  ['a refusal', { kind: 'failure', id: 'upload 1/0', error: SEALED }],
  ['a conflict', { kind: 'reply', id: 'upload 1/0', reply: 'CONFLICT' }],
])('a reading that was SET in company stores its shares again, and %s turns it to asking', (_, event) => {
  const round = drive({ setSent: true });
  round.happen(event);
  expect(round.calls()).toEqual([{ kind: 'get', acceptor: 1 }]);
  round.happen({ kind: 'reply', id: 'upload 0/0', reply: 'STORED' });
  expect(round.effects()).toEqual([]);
  round.happen({ kind: 'reply', id: 'get/1', reply: 'TRUE' });
  expect(round.out()).toEqual({ kind: 'committed' });
});

test('a failing disk is no refusal: the share is offered again', () => {
  const round = drive();
  round.happen({ kind: 'failure', id: 'upload 0/0', error: FAILED });
  round.happen({ kind: 'wake', id: 'after upload 0/0' });
  expect(round.calls()).toEqual([{ kind: 'upload', domain: 0, owner: 0 }]);
});

test('a share in conflict is fatal for the reading id', () => {
  const round = drive();
  round.happen({ kind: 'reply', id: 'upload 1/0', reply: 'CONFLICT' });
  expect(round.out()).toEqual({ kind: 'refused', refusal: { kind: 'conflict', domain: 1 } });
});

test.each([
  'WINDOW_SEALED',
  'STALE_EPOCH',
  'FORBIDDEN',
  'UNREACHABLE',
  'STORE_FAILED',
  'WINDOW_FULL',
] as const)('after SET %s is no outcome: the round asks on, and ends unknown', (code) => {
  const round = toSet();
  round.happen({ kind: 'failure', id: 'set/0', error: new EngineError(code, '') });
  expect(round.out()).toBeUndefined();
  round.happen({ kind: 'wake', id: 'deadline' });
  const refusal = ['UNREACHABLE', 'STALE_EPOCH', 'STORE_FAILED'].includes(code) ? null : code;
  expect(round.out()).toEqual({ kind: 'unknown', setSent: true, lastFailure: code, refusal });
});

test('after a refused SET the round asks GET until the flag is decided', () => {
  const round = toSet();
  round.happen({ kind: 'failure', id: 'set/0', error: SEALED });
  expect(round.calls()).toEqual([{ kind: 'get', acceptor: 1 }]);
  round.happen({ kind: 'failure', id: 'get/1', error: SEALED });
  round.happen({ kind: 'wake', id: 'after get/1' });
  expect(round.calls()).toEqual([{ kind: 'get', acceptor: 0 }]);
  round.happen({ kind: 'reply', id: 'get/2', reply: 'UNDECIDED' });
  round.happen({ kind: 'wake', id: 'after get/2' });
  round.happen({ kind: 'reply', id: 'get/3', reply: 'TRUE' });
  expect(round.out()).toEqual({ kind: 'committed' });
});

test('an unknown outcome names the refusal that came after SET, whatever GET fails with', () => {
  const round = toSet();
  round.happen({ kind: 'failure', id: 'set/0', error: SEALED });
  round.happen({ kind: 'failure', id: 'get/1', error: LOST });
  round.happen({ kind: 'wake', id: 'deadline' });
  expect(round.out()).toEqual({
    kind: 'unknown',
    setSent: true,
    lastFailure: 'UNREACHABLE',
    refusal: 'WINDOW_SEALED',
  });
});

test('ERROR is believed when a second acceptor says it too', () => {
  const round = toSet();
  round.happen({ kind: 'reply', id: 'set/0', reply: 'ERROR' });
  expect(round.calls()).toEqual([{ kind: 'get', acceptor: 1 }]);
  round.happen({ kind: 'reply', id: 'get/1', reply: 'UNDECIDED' });
  round.happen({ kind: 'wake', id: 'after get/1' });
  // The first one again is no second one.
  round.happen({ kind: 'reply', id: 'get/2', reply: 'ERROR' });
  expect(round.out()).toBeUndefined();
  round.happen({ kind: 'wake', id: 'after get/2' });
  round.happen({ kind: 'reply', id: 'get/3', reply: 'ERROR' });
  expect(round.out()).toEqual({ kind: 'errored' });
});

test('where two acceptors differ the outcome is unknown, so that no lie makes a reading count twice', () => {
  const round = toSet();
  round.happen({ kind: 'reply', id: 'set/0', reply: 'ERROR' });
  round.happen({ kind: 'reply', id: 'get/1', reply: 'TRUE' });
  expect(round.out()).toEqual({ kind: 'unknown', setSent: true, lastFailure: null, refusal: null });
});

test('a SET without a decision is sent again', () => {
  const round = toSet();
  round.happen({ kind: 'reply', id: 'set/0', reply: 'UNDECIDED' });
  round.happen({ kind: 'wake', id: 'after set/0' });
  expect(round.calls()).toEqual([{ kind: 'set', acceptor: 1 }]);
});

test('the first SET may be kept back, which frees the reading for another id, and no later one', () => {
  const round = toSet();
  round.happen({ kind: 'reply', id: 'set/0', reply: 'UNSENT' });
  expect(round.out()).toEqual({ kind: 'unset' });
  const late = toSet();
  late.happen({ kind: 'failure', id: 'set/0', error: LOST });
  late.happen({ kind: 'wake', id: 'after set/0' });
  expect(() => late.happen({ kind: 'reply', id: 'set/1', reply: 'UNSENT' })).toThrow(/kept back/);
  const inCompany = toSet({ setSent: true });
  expect(() => inCompany.happen({ kind: 'reply', id: 'set/0', reply: 'UNSENT' })).toThrow(/kept back/);
});

test('repeated, late and unknown events move nothing', () => {
  const round = drive();
  round.happen({ kind: 'failure', id: 'upload 0/0', error: LOST });
  const waiting = round.state();
  round.happen({ kind: 'reply', id: 'upload 0/0', reply: 'STORED' });
  round.happen({ kind: 'reply', id: 'set/0', reply: 'TRUE' });
  expect([round.state(), round.effects()]).toEqual([waiting, []]);
  round.happen({ kind: 'wake', id: 'deadline' });
  expect(round.out()).toMatchObject({ kind: 'unknown', setSent: false, lastFailure: 'UNREACHABLE' });
  round.happen({ kind: 'wake', id: 'after upload 0/0' });
  expect(round.effects()).toEqual([]);
});

/** The nodes as one honest table, and every message that may still arrive. */
interface World {
  readonly flag: 'UNDECIDED' | 'TRUE' | 'ERROR';
  readonly stored: readonly boolean[];
  readonly sealed: boolean;
  /** SETs whose sender has given up on them; each may arrive at any later moment. */
  readonly lateSets: number;
}

interface Scene {
  readonly state: UploadState;
  readonly world: World;
  readonly pending: readonly UploadEffect[];
  readonly setSent: boolean;
  /** A node said so, in an answer that the round got. */
  readonly told: UploadReply | null;
}

/** Tries that one lane may lose before the network of the model becomes good. */
const LOSSES_MAX = 2;
/** Tries of one lane that the model follows; what comes after them is the deadline. */
const TURNS_MAX = 4;

/** Every end of the round that some order of events leads to, checked on the way. */
function explore(own: Partial<UploadOptions>): { scenes: number; outs: Set<string> } {
  const round = uploadRound({ ...options, ...own });
  const start = round.start();
  const stored = Array.from({ length: own.domains ?? options.domains }, () => own.setSent === true);
  const queue: Scene[] = [
    {
      state: start.state,
      // What was sent in company may still arrive.
      world: { flag: 'UNDECIDED', stored, sealed: false, lateSets: own.setSent === true ? 1 : 0 },
      pending: start.effects,
      setSent: own.setSent === true,
      told: null,
    },
  ];
  const seen = new Set<string>();
  const outs = new Set<string>();

  function visit(scene: Scene): void {
    const key = JSON.stringify(scene);
    if (seen.has(key)) return;
    seen.add(key);
    queue.push(scene);
  }

  function happen(scene: Scene, done: UploadEffect, event: UploadEvent, world: World): void {
    const next = round.step(scene.state, event);
    const told = event.kind === 'reply' ? event.reply : scene.told;
    const setSent = scene.setSent || next.effects.some((effect) => isCall(effect, 'set'));
    if (setSent && !scene.setSent) expect(world.stored).not.toContain(false);
    for (const effect of next.effects) {
      if (effect.kind !== 'finish') continue;
      checkEnd(effect.out, world, setSent, told);
      outs.add(effect.out.kind === 'unknown' ? `unknown ${effect.out.setSent}` : effect.out.kind);
      return;
    }
    const pending = [...scene.pending.filter((effect) => effect !== done), ...next.effects];
    const ids = pending.map((effect) => (effect.kind === 'finish' ? '' : effect.id));
    expect(new Set(ids).size).toBe(ids.length);
    visit({ state: next.state, world, pending, setSent, told });
  }

  while (queue.length > 0) {
    const scene = queue.pop() as Scene;
    const { world } = scene;
    if (world.flag === 'UNDECIDED') visit({ ...scene, world: { ...world, flag: 'ERROR' } });
    if (!world.sealed) visit({ ...scene, world: { ...world, sealed: true } });
    if (world.lateSets > 0) {
      visit({ ...scene, world: { ...carryOut(world, 'set'), lateSets: world.lateSets - 1 } });
    }
    for (const effect of scene.pending) {
      if (effect.kind === 'wake') happen(scene, effect, { kind: 'wake', id: effect.id }, world);
      if (effect.kind === 'call') {
        for (const { event, world: after } of fates(effect.id, effect.call, world, own.setSent !== true)) {
          happen(scene, effect, event, after);
        }
      }
    }
  }
  return { scenes: seen.size, outs };
}

function isCall(effect: UploadEffect, kind: UploadCall['kind']): boolean {
  return effect.kind === 'call' && effect.call.kind === kind;
}

function carryOut(world: World, kind: 'set' | 'get'): World {
  // A sealed window takes no vote; its flag may be TRUE only from before.
  return kind === 'set' && world.flag === 'UNDECIDED' && !world.sealed ? { ...world, flag: 'TRUE' } : world;
}

/**
 * Everything that may become of a call: refused, answered, or lost on the way there or back.
 * @param first whether the first SET is the first of all, and may be kept back.
 */
function fates(
  id: string,
  call: UploadCall,
  world: World,
  first: boolean,
): { event: UploadEvent; world: World }[] {
  const failure = (error: EngineError): UploadEvent => ({ kind: 'failure', id, error });
  const turn = Number(id.split('/')[1]);
  if (turn > TURNS_MAX) return [];
  const after =
    call.kind === 'upload'
      ? { ...world, stored: world.stored.map((had, i) => had || i === call.domain) }
      : carryOut(world, call.kind);
  const reply: UploadReply = call.kind === 'upload' ? 'STORED' : after.flag;
  const refused = world.sealed && call.kind !== 'get' ? [{ event: failure(SEALED), world }] : [];
  const answered =
    world.sealed && call.kind === 'upload'
      ? []
      : [{ event: { kind: 'reply', id, reply }, world: after } as const];
  if (turn >= LOSSES_MAX) return [...refused, ...answered];
  const unsent = call.kind === 'set' ? { ...world, lateSets: Math.min(1, world.lateSets + 1) } : world;
  const keptBack = first && call.kind === 'set' && turn === 0;
  return [
    ...refused,
    ...answered,
    ...(keptBack ? [{ event: { kind: 'reply', id, reply: 'UNSENT' } as const, world }] : []),
    { event: failure(LOST), world: unsent },
    ...(answered.length > 0 ? [{ event: failure(LOST), world: after }] : []),
  ];
}

function checkEnd(out: UploadOut, world: World, setSent: boolean, told: UploadReply | null): void {
  if (out.kind === 'committed') {
    expect([told, world.flag]).toEqual(['TRUE', 'TRUE']);
    expect(world.stored).not.toContain(false);
  }
  if (out.kind === 'errored') expect([told, world.flag]).toEqual(['ERROR', 'ERROR']);
  // What lets a caller take another reading id: nothing that could still become TRUE was ever sent.
  if (out.kind === 'refused') expect(setSent).toBe(false);
  if (out.kind === 'unset') expect([world.lateSets, world.flag === 'TRUE']).toEqual([0, false]);
  if (out.kind === 'unknown') expect(out.setSent).toBe(setSent);
}

test.each([
  { acceptors: 1, domains: 2 },
  { acceptors: 2, domains: 2 },
  { acceptors: 3, domains: 1 },
])('no order of losses, seals and timeouts ends $acceptors acceptors and $domains domains wrongly', (own) => {
  const { scenes, outs } = explore(own);
  expect(scenes).toBeGreaterThan(100);
  expect([...outs].sort()).toEqual([
    'committed',
    'errored',
    'refused',
    'unknown false',
    'unknown true',
    'unset',
  ]);
});

test.each([
  { acceptors: 1, domains: 2 },
  { acceptors: 2, domains: 2 },
])('nor does one that was SET in company end $acceptors acceptors wrongly', (own) => {
  const { scenes, outs } = explore({ ...own, setSent: true });
  expect(scenes).toBeGreaterThan(100);
  expect([...outs].sort()).toEqual(['committed', 'errored', 'unknown true']);
});

test('a window that every domain says is not open is asked for again for a while, and then believed', () => {
  const closed = new EngineError('WINDOW_NOT_OPEN', 'not open');
  const waking = { kind: 'wake', id: 'unopened', afterMs: 5_000, jitterMs: 0 };
  const round = drive({ unopenedMs: 5_000 });
  round.happen({ kind: 'failure', id: 'upload 0/0', error: closed });
  expect(round.effects()).toContainEqual(waking);
  round.happen({ kind: 'failure', id: 'upload 1/0', error: closed });
  expect(round.effects()).not.toContainEqual(waking);
  expect(round.out()).toBeUndefined();
  round.happen({ kind: 'wake', id: 'unopened' });
  expect(round.calls()).toHaveLength(2);
  for (const domain of [0, 1]) {
    expect(round.out()).toBeUndefined();
    round.happen({ kind: 'failure', id: `upload ${domain}/1`, error: closed });
  }
  expect(round.out()).toMatchObject({ kind: 'refused', refusal: { error: { code: 'WINDOW_NOT_OPEN' } } });
});

test('a window that begins while nobody is asked is not believed to be closed', () => {
  const early = new EngineError('WINDOW_NOT_OPEN', 'has not begun yet');
  const round = drive({ unopenedMs: 5_000 });
  for (const domain of [0, 1]) round.happen({ kind: 'failure', id: `upload ${domain}/0`, error: early });
  // It begins here, and every lane still waits when the time is over.
  round.happen({ kind: 'wake', id: 'unopened' });
  expect(round.calls()).toEqual([0, 1].map((domain) => ({ kind: 'upload', domain, owner: 0 })));
  round.happen({ kind: 'wake', id: 'after upload 0/0' });
  expect(round.effects()).toEqual([]);
  for (const domain of [0, 1]) round.happen({ kind: 'reply', id: `upload ${domain}/1`, reply: 'STORED' });
  expect(round.calls()).toEqual([{ kind: 'set', acceptor: 0 }]);
});

test('a domain that has stored its share, or has said nothing, knows better than the others', () => {
  const closed = new EngineError('WINDOW_NOT_OPEN', 'not open');
  for (const reply of ['STORED', null] as const) {
    const round = drive({ unopenedMs: 5_000 });
    round.happen({ kind: 'failure', id: 'upload 0/0', error: closed });
    round.happen(
      reply === null
        ? { kind: 'failure', id: 'upload 1/0', error: LOST }
        : { kind: 'reply', id: 'upload 1/0', reply },
    );
    round.happen({ kind: 'wake', id: 'unopened' });
    round.happen({ kind: 'failure', id: 'upload 0/1', error: closed });
    expect(round.out()).toBeUndefined();
  }
  // The share of one that has said so before is stored now: the window was opened.
  const opened = drive({ unopenedMs: 5_000 });
  for (const domain of [0, 1]) opened.happen({ kind: 'failure', id: `upload ${domain}/0`, error: closed });
  opened.happen({ kind: 'wake', id: 'after upload 0/0' });
  opened.happen({ kind: 'reply', id: 'upload 0/1', reply: 'STORED' });
  opened.happen({ kind: 'wake', id: 'unopened' });
  expect(opened.out()).toBeUndefined();
});

test('a domain that cannot tell any more whether the window is open is not believed to say that it is not', () => {
  const closed = new EngineError('WINDOW_NOT_OPEN', 'not open');
  const untold = new EngineError('INCOMPLETE', 'too few acceptors say whether it was opened');
  const round = drive({ unopenedMs: 5_000 });
  for (const domain of [0, 1]) round.happen({ kind: 'failure', id: `upload ${domain}/0`, error: closed });
  round.happen({ kind: 'wake', id: 'unopened' });
  round.happen({ kind: 'failure', id: 'upload 1/1', error: closed });
  round.happen({ kind: 'wake', id: 'after upload 1/1' });
  round.happen({ kind: 'failure', id: 'upload 1/2', error: untold });
  round.happen({ kind: 'failure', id: 'upload 0/1', error: closed });
  expect(round.out()).toBeUndefined();
  round.happen({ kind: 'wake', id: 'after upload 1/2' });
  round.happen({ kind: 'failure', id: 'upload 1/3', error: closed });
  expect(round.out()).toMatchObject({ kind: 'refused', refusal: { error: { code: 'WINDOW_NOT_OPEN' } } });
});

test('where SET was sent before, a window that is not open says nothing about the flag', () => {
  const closed = new EngineError('WINDOW_NOT_OPEN', 'not open');
  const round = drive({ unopenedMs: 0, setSent: true });
  for (const domain of [0, 1]) round.happen({ kind: 'failure', id: `upload ${domain}/0`, error: closed });
  round.happen({ kind: 'wake', id: 'unopened' });
  for (const domain of [0, 1]) round.happen({ kind: 'failure', id: `upload ${domain}/1`, error: closed });
  expect(round.out()).toBeUndefined();
});
