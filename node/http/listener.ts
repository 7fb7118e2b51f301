import type { AddressInfo } from 'node:net';
import { EngineError, systemCode, systemReason } from '../../src/foundation/index.ts';

/** PEM of a port's certificate (with its chain) and key. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** File of the certificate, for messages. */
  readonly file?: string;
}

export interface ListenAddress {
  /** Default 127.0.0.1: a node that nobody configured for others answers nobody else. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** An open port. */
export interface Listener {
  /** `https://host:port` as it was bound. */
  readonly origin: string;
  readonly port: number;
  /** Stops accepting, waits for requests under way up to the limit, hangs up. Idempotent. */
  close(): Promise<void>;
}

/** The address that is listened on, and after it the origin as it was bound. */
export const hostOf = ({ host }: ListenAddress): string => host ?? '127.0.0.1';

export function originOf(host: string, port: number): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @throws EngineError `INVALID_ARGUMENT`: the certificate or key that a server was to be made of is not usable. */
export function tlsFailure(name: string, tls: TlsIdentity, error: unknown): EngineError {
  return wrongTls(`a usable certificate and key for the ${name} port`, tls, systemReason(error));
}

/** @throws EngineError `INVALID_ARGUMENT` naming the file of a certificate that is not the one that was expected. */
export function wrongTls(expected: string, { file }: TlsIdentity, came: string): EngineError {
  const where = file === undefined ? '' : ` in ${file}`;
  return new EngineError('INVALID_ARGUMENT', `expected ${expected}${where}, got ${came}`);
}

export function listenFailure(host: string, port: number, error: unknown): EngineError {
  if (systemCode(error) === 'EADDRINUSE') {
    return new EngineError(
      'ADDRESS_IN_USE',
      `expected ${host}:${port} to be free, but another process listens there`,
    );
  }
  return new EngineError(
    'INVALID_ARGUMENT',
    `expected to listen on ${host}:${port}, got ${systemReason(error)}`,
  );
}

export function boundPort(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
