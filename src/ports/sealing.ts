/** A P-256 key pair of a sensor or of a domain. */
export interface SealingKeyPair {
  /** The point, uncompressed, 65 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, big-endian. */
  readonly privateKey: Uint8Array;
}

/** What two parties share after one key agreement, without the secret ever being seen. */
export interface SealingContext {
  /** A key of 32 bytes that this context gives for this purpose and for no other. */
  exportKey(purpose: Uint8Array): Promise<Uint8Array>;
}

/** A context that a sensor made for a domain. */
export interface SenderContext extends SealingContext {
  /** What the domain makes the same context of, 65 bytes. */
  readonly encapsulated: Uint8Array;
}

/**
 * Keys between a sensor and a domain, and the cipher under them: RFC 9180 in Auth mode with DHKEM(P-256,
 * HKDF-SHA256) and HKDF-SHA256, of which only the exporter is used; AES-256-GCM. Asynchronous because browsers
 * have no other; randomness is an argument, so that everything replays. And the function that makes shares of seeds.
 */
export interface Sealing {
  /** RFC 9180 DeriveKeyPair. @param seed 32 random bytes. */
  deriveKeyPair(seed: Uint8Array): Promise<SealingKeyPair>;
  /**
   * A sensor's side. @param seed 32 random bytes, fresh for every context.
   * @returns null where the domain's key is no point of the curve.
   */
  toDomain(sensor: SealingKeyPair, domainKey: Uint8Array, seed: Uint8Array): Promise<SenderContext | null>;
  /** A domain's side. @returns null where a key is no point of the curve; any other context is one, right or wrong. */
  fromSensor(
    domain: SealingKeyPair,
    sensorKey: Uint8Array,
    encapsulated: Uint8Array,
  ): Promise<SealingContext | null>;
  /** @param nonce 12 bytes, never used twice for two texts under one key. @returns the text and a tag of 16 bytes. */
  seal(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, text: Uint8Array): Promise<Uint8Array>;
  /** SHAKE128: as many bytes of the output for `input`, whose shorter outputs are beginnings of the longer ones. */
  expand(input: Uint8Array, bytes: number): Uint8Array;
  /** @returns null where the bytes are not what `seal` made of something under this key, nonce and `bound`. */
  open(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | null>;
}
