import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EngineError, type Static, systemReason, Type, validatorOf } from '../src/foundation/index.ts';
import { LOG_LEVELS, type LogLevel, type TokenIssuer } from '../src/platform/index.ts';
import { ROSTER_AUTHORITIES_MAX } from '../src/protocol/limits.ts';
import { SENSORS_MIN_MAX } from '../src/protocol/stream-limits.ts';
import {
  type DomainId,
  domainId,
  FORMER_SEALING_KEYS_MAX,
  type NodeId,
  nodeId,
  PUBLIC_KEY,
  type StoreId,
  storeId,
} from '../src/ring/index.ts';

const closed = { additionalProperties: false } as const;
const TEXT = Type.String({ minLength: 1, maxLength: 4_096 });
const LISTEN = Type.Object({ host: TEXT, port: Type.Integer({ minimum: 0, maximum: 65_535 }) }, closed);
const TLS_FILES = Type.Object({ cert: TEXT, key: TEXT }, closed);
const CONFIG = Type.Object(
  {
    nodeId: TEXT,
    domain: TEXT,
    storeId: TEXT,
    publicListen: LISTEN,
    peerListen: LISTEN,
    dataFolder: TEXT,
    ring: TEXT,
    tls: TLS_FILES,
    peerTls: TLS_FILES,
    sealingKey: TEXT,
    formerSealingKeys: Type.Optional(Type.Array(TEXT, { maxItems: FORMER_SEALING_KEYS_MAX })),
    enrolmentAuthorities: Type.Optional(Type.Array(PUBLIC_KEY, { maxItems: ROSTER_AUTHORITIES_MAX })),
    allowOpenEnrolment: Type.Optional(Type.Boolean()),
    tokenIssuer: Type.Optional(Type.Object({ issuer: TEXT, jwks: TEXT }, closed)),
    logLevel: Type.Enum(LOG_LEVELS),
    minSensorsFloor: Type.Optional(Type.Integer({ minimum: 2, maximum: SENSORS_MIN_MAX })),
  },
  closed,
);
type Settings = Static<typeof CONFIG>;
const VALIDATOR = validatorOf(CONFIG);

/** How the text of an environment variable becomes a setting. */
type Kind = 'text' | 'path' | 'port' | 'list' | 'paths' | 'switch';

/** Where each environment variable goes. */
const ENVIRONMENT: readonly (readonly [name: string, kind: Kind, ...at: string[]])[] = [
  ['MCLOUD_NODE_ID', 'text', 'nodeId'],
  ['MCLOUD_DOMAIN', 'text', 'domain'],
  ['MCLOUD_STORE_ID', 'text', 'storeId'],
  ['MCLOUD_PUBLIC_HOST', 'text', 'publicListen', 'host'],
  ['MCLOUD_PUBLIC_PORT', 'port', 'publicListen', 'port'],
  ['MCLOUD_PEER_HOST', 'text', 'peerListen', 'host'],
  ['MCLOUD_PEER_PORT', 'port', 'peerListen', 'port'],
  ['MCLOUD_DATA_FOLDER', 'path', 'dataFolder'],
  ['MCLOUD_RING', 'path', 'ring'],
  ['MCLOUD_TLS_CERT', 'path', 'tls', 'cert'],
  ['MCLOUD_TLS_KEY', 'path', 'tls', 'key'],
  ['MCLOUD_PEER_TLS_CERT', 'path', 'peerTls', 'cert'],
  ['MCLOUD_PEER_TLS_KEY', 'path', 'peerTls', 'key'],
  ['MCLOUD_SEALING_KEY', 'path', 'sealingKey'],
  ['MCLOUD_FORMER_SEALING_KEYS', 'paths', 'formerSealingKeys'],
  ['MCLOUD_ENROLMENT_AUTHORITIES', 'list', 'enrolmentAuthorities'],
  ['MCLOUD_ALLOW_OPEN_ENROLMENT', 'switch', 'allowOpenEnrolment'],
  ['MCLOUD_TOKEN_ISSUER', 'text', 'tokenIssuer', 'issuer'],
  ['MCLOUD_TOKEN_JWKS', 'text', 'tokenIssuer', 'jwks'],
  ['MCLOUD_LOG_LEVEL', 'text', 'logLevel'],
];

/** Mistakes named in one message; the first few say what is wrong with the whole file. */
const MISTAKES_SHOWN_MAX = 5;
const GOT_CHARS_SHOWN = 60;

export interface PortAddress {
  readonly host: string;
  readonly port: number;
}

/** Paths of two PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** The settings of one node; every path is absolute. */
export interface NodeConfig {
  readonly nodeId: NodeId;
  readonly domain: DomainId;
  readonly storeId: StoreId;
  readonly publicListen: PortAddress;
  readonly peerListen: PortAddress;
  readonly dataFolder: string;
  /** File of the ring document. */
  readonly ring: string;
  readonly tls: TlsFiles;
  readonly peerTls: TlsFiles;
  /** File of the key that opens what sensors seal to the domain. */
  readonly sealingKey: string;
  /** Files of keys that the domain had before, for sensors that have not followed its section yet. */
  readonly formerSealingKeys: readonly string[];
  /** Ed25519 public keys, base64url: whom this domain believes about which sensors are real. */
  readonly enrolmentAuthorities: readonly string[];
  /** Serve streams that anybody may upload to. */
  readonly allowOpenEnrolment: boolean;
  /** An OpenID Connect issuer whose tokens are taken for operators'. */
  readonly tokenIssuer?: TokenIssuer;
  readonly logLevel: LogLevel;
  /** Least number of distinct sensors in anything the domain releases; every node of it should name the same. */
  readonly minSensorsFloor?: number;
}

/**
 * Reads a node's settings from its JSON file and the MCLOUD_* variables of the environment, which win. Relative
 * paths of the file count from the file's folder, those of the environment from the working directory.
 * @throws EngineError `INVALID_ARGUMENT` naming the file and every setting that is wrong
 */
export function loadNodeConfig(path: string, env: Readonly<Record<string, string | undefined>>): NodeConfig {
  const json = readJson(path);
  if (!isRecord(json)) throw invalid(path, 'expected a JSON object');
  const merged = withEnvironment(json, env);
  if (!VALIDATOR.check(merged)) throw invalid(path, mistakes(merged).join('; '));
  return configOf(path, merged);
}

function configOf(path: string, settings: Settings): NodeConfig {
  const absolute = (file: string) => resolve(dirname(path), file);
  const files = ({ cert, key }: TlsFiles): TlsFiles => ({ cert: absolute(cert), key: absolute(key) });
  try {
    return {
      nodeId: nodeId(settings.nodeId),
      domain: domainId(settings.domain),
      storeId: storeId(settings.storeId),
      publicListen: settings.publicListen,
      peerListen: settings.peerListen,
      dataFolder: absolute(settings.dataFolder),
      ring: absolute(settings.ring),
      tls: files(settings.tls),
      peerTls: files(settings.peerTls),
      sealingKey: absolute(settings.sealingKey),
      formerSealingKeys: (settings.formerSealingKeys ?? []).map(absolute),
      enrolmentAuthorities: settings.enrolmentAuthorities ?? [],
      allowOpenEnrolment: settings.allowOpenEnrolment ?? false,
      ...(settings.tokenIssuer === undefined ? {} : { tokenIssuer: settings.tokenIssuer }),
      logLevel: settings.logLevel,
      ...(settings.minSensorsFloor === undefined ? {} : { minSensorsFloor: settings.minSensorsFloor }),
    };
  } catch (error) {
    throw error instanceof EngineError ? invalid(path, error.message) : error;
  }
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(path, `cannot be read: ${systemReason(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's own message quotes the file, but it says where it stopped; without a place that was the end.
    const stopped = /position (\d+)/.exec(String(error))?.[1];
    const end = text.trimEnd().length;
    const read = text.slice(0, Math.min(end, Number(stopped ?? end)));
    throw invalid(path, `expected JSON, got something else in line ${read.split('\n').length}`);
  }
}

function withEnvironment(
  json: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  let merged: Record<string, unknown> = { ...json };
  for (const [name, kind, ...at] of ENVIRONMENT) {
    const text = env[name];
    // A variable set to nothing is how compose files spell "not set".
    if (text !== undefined && text !== '') merged = withSetting(merged, at, settingOf(kind, text));
  }
  return merged;
}

function withSetting(
  settings: Record<string, unknown>,
  [name, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (name === undefined) return settings;
  if (rest.length === 0) return { ...settings, [name]: value };
  const inner = settings[name];
  return { ...settings, [name]: withSetting(isRecord(inner) ? inner : {}, rest, value) };
}

function settingOf(kind: Kind, text: string): string | number | boolean | readonly string[] {
  switch (kind) {
    case 'text':
      return text;
    case 'path':
      return resolve(text);
    case 'port':
      // Left as text where it is no number, so that the schema says what was expected.
      return /^\d{1,5}$/.test(text) ? Number(text) : text;
    case 'list':
      return text.split(',');
    case 'paths':
      return text.split(',').map((path) => resolve(path));
    case 'switch':
      return text === 'true' || text === 'false' ? text === 'true' : text;
  }
}

function mistakes(settings: unknown): string[] {
  const found: string[] = [];
  for (const error of VALIDATOR.errors(settings)) {
    // Follows every unknown field with a second error that says nothing.
    if (error.keyword === 'boolean') continue;
    const path = error.instancePath.split('/').slice(1);
    const got = path.length === 0 ? '' : gotText(path.reduce<unknown>(settingAt, settings));
    const rest =
      error.keyword === 'additionalProperties'
        ? ` (${error.params.additionalProperties.join(', ')})`
        : error.keyword === 'enum'
          ? ` (${LOG_LEVELS.join(', ')})${got}`
          : got;
    found.push(`${path.join('.') || 'the file'} ${error.message}${rest}`);
  }
  return found.slice(0, MISTAKES_SHOWN_MAX);
}

const settingAt = (settings: unknown, name: string): unknown =>
  typeof settings === 'object' && settings !== null ? Reflect.get(settings, name) : undefined;

/** What came, where that is short: a setting of several lines is named by what was expected alone. */
function gotText(value: unknown): string {
  const text = typeof value === 'object' ? undefined : JSON.stringify(value);
  return text === undefined || text.length > GOT_CHARS_SHOWN ? '' : `, got ${text}`;
}

function invalid(path: string, reason: string): EngineError {
  return new EngineError('INVALID_ARGUMENT', `node settings ${path}: ${reason}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
