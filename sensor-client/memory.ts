import { EngineError, hasCode, type Static, Type } from '../src/foundation/index.ts';
import type { DomainId, RingDocument, RingTrust, SensorBundle, Verifier } from '../src/ring/index.ts';
import {
  DOCUMENT_CHARS_MAX,
  documentHash,
  NAME,
  openRingDocument,
  openSensorBundle,
  PUBLIC_KEY,
  parseRecord,
  payloadReader,
} from '../src/ring/index.ts';

/**
 * Where a sensor keeps what it has seen of its ring, for its next start. Without it a sensor that restarts believes
 * its bundle again, and whoever controls its network can show it an older ring.
 */
export interface SensorMemory {
  /** The text that was saved last; null where there is none. */
  load(): Promise<string | null>;
  /** Keeps the text instead of the one before, as a whole or not at all. */
  save(text: string): Promise<void>;
}

const closed = { additionalProperties: false } as const;
const schema = Type.Object(
  {
    format: Type.Literal(1),
    /** The newest ring document that was followed. */
    ring: Type.String({ maxLength: DOCUMENT_CHARS_MAX }),
    operatorKey: PUBLIC_KEY,
    /** The keys that the pinned ones have led to. */
    domainKeys: Type.Record(NAME, PUBLIC_KEY, closed),
    /** Per domain the newest section that was seen, also of one that is no longer in the ring. */
    sections: Type.Record(
      NAME,
      Type.Object(
        { version: Type.Integer({ minimum: 1 }), hash: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
        closed,
      ),
      closed,
    ),
  },
  closed,
);
type Remembered = Static<typeof schema>;
const readRemembered = payloadReader("a sensor's memory", schema, 'format', 1);

/** What a sensor starts from, and how it goes on remembering. */
export interface RingMemory {
  readonly ring: RingDocument;
  readonly trust: RingTrust;
  /** Refuses a document with a section older than one that was ever seen. @throws EngineError `RING_REFUSED` */
  check(next: RingDocument): void;
  /** Keeps a document that was followed. @throws EngineError `STORE_FAILED` and what saving throws */
  note(next: RingDocument): Promise<void>;
}

/**
 * Opens the bundle's ring document, or the newer one that was followed before.
 * @throws EngineError `RING_REFUSED` when the bundle is of another ring or older than what was seen in a way that
 * no ring goes on from, `RING_CONFLICT` for two documents of one epoch; `MALFORMED_TEXT`, `SCHEMA_MISMATCH`,
 * `UNSUPPORTED_VERSION` for a memory that is none, and what opening the documents throws
 */
export async function openMemory(
  bundle: SensorBundle,
  memory: SensorMemory | undefined,
  verifier: Verifier,
): Promise<RingMemory> {
  const bundled = await openSensorBundle(bundle, verifier);
  const { operatorKey } = bundle;
  const text = (await memory?.load()) ?? null;
  const before = text === null ? null : readRemembered(parseRecord("a sensor's memory", text));
  const remembered = before === null ? null : await openRemembered(bundle, before, verifier);
  if (remembered !== null && remembered.epoch === bundled.epoch && remembered.hash !== bundled.hash) {
    throw new EngineError(
      'RING_CONFLICT',
      `expected one ring document of epoch ${bundled.epoch}, got another in the bundle than was seen before`,
    );
  }
  const sections = new Map(Object.entries(before?.sections ?? {}));
  const start = remembered !== null && remembered.epoch > bundled.epoch ? remembered : bundled;
  const pinned = start === bundled ? bundle.domainKeys : before?.domainKeys;
  let domainKeys: Readonly<Record<DomainId, string>> = { ...pinned };

  function check(next: RingDocument): void {
    for (const { domain, version, jws } of next.domains) {
      const seen = sections.get(domain);
      if (seen === undefined || version > seen.version) continue;
      if (version === seen.version && documentHash(jws) === seen.hash) continue;
      throw new EngineError(
        'RING_REFUSED',
        `expected the section of domain ${domain} that was seen, of version ${seen.version}, or a newer one; got ${version === seen.version ? 'another of that version' : `version ${version}`}`,
      );
    }
  }

  async function note(next: RingDocument): Promise<void> {
    for (const { domain, version, jws, key } of next.domains) {
      sections.set(domain, { version, hash: documentHash(jws) });
      domainKeys = { ...domainKeys, [domain]: key };
    }
    const now: Remembered = {
      format: 1,
      ring: next.jws,
      operatorKey,
      domainKeys,
      sections: Object.fromEntries(sections),
    };
    await memory?.save(`${JSON.stringify(now)}\n`);
  }

  check(start);
  if (before?.ring !== start.jws) await note(start);
  return { ring: start, trust: { operatorKey, domainKeys: { ...pinned } }, check, note };
}

async function openRemembered(
  { operatorKey, development }: SensorBundle,
  before: Remembered,
  verifier: Verifier,
): Promise<RingDocument> {
  if (before.operatorKey !== operatorKey) {
    throw new EngineError(
      'RING_REFUSED',
      `expected a memory of the ring of operator ${operatorKey}, got one of ${before.operatorKey}; a bundle of another ring needs a memory of its own`,
    );
  }
  const { domainKeys } = before;
  const ring = await openRingDocument(before.ring, verifier, { operatorKey, domainKeys });
  if (ring.development === development) return ring;
  throw new EngineError(
    'RING_REFUSED',
    'expected a memory of a ring with the development word of the bundle',
  );
}

/** The file beside a bundle in which its sensor remembers. */
export function memoryPathOf(bundlePath: string): string {
  return `${bundlePath}.seen`;
}

/** Goes on where nothing can be kept, after it has said so once. */
export function lenientMemory(memory: SensorMemory, tell: (message: string) => void): SensorMemory {
  let told = false;
  return {
    load: () => memory.load(),
    async save(text) {
      try {
        await memory.save(text);
      } catch (error) {
        if (!hasCode(error, 'STORE_FAILED')) throw error;
        if (!told) tell(error.message);
        told = true;
      }
    },
  };
}
