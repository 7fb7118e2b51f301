/** Behind the user's part of every key: sequence number and type, the lowest byte first. */
export const INTERNAL_KEY_BYTES = 8;

/**
 * Reads LevelDB's numbers and pieces one after another.
 * @throws RangeError where the bytes end too early.
 */
export function reader(bytes: Uint8Array, from: number, to = bytes.length) {
  let at = from;
  const take = (length: number): Uint8Array => {
    if (at + length > to) throw new RangeError('the file ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = take(1)[0] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  return {
    take,
    varint,
    /** Bytes behind their number. */
    sized: () => take(varint()),
    at: () => at,
    ended: () => at >= to,
  };
}

/** LevelDB stores checksums masked, because a checksum over data that holds checksums is weak. */
export function maskedChecksum(bytes: Uint8Array, from: number, to: number): number {
  const crc = crc32c(bytes, from, to);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli, reflected 0x82f63b78), a byte at a time. */
function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = ~0;
  for (let i = from; i < to; i++) crc = (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
