import fc from 'fast-check';
import {
  decodeFlagRow,
  decodeSynodRow,
  decodeValueRow,
  encodeFlagRow,
  encodeSynodRow,
  encodeValueRow,
} from '../../../node/engine/rows.ts';
import {
  anyBallot,
  anyBytes,
  anyFlagValue,
  anyU8,
  anyU32,
  anyU64,
  optionally,
} from '../../support/any-message.ts';
import { describeBinaryCodec } from '../../support/codec-laws.ts';

describeBinaryCodec(
  'row of a flag',
  { encode: encodeFlagRow, decode: decodeFlagRow },
  fc.record({
    promised: anyBallot,
    accepted: optionally(fc.record({ ballot: anyBallot, value: anyFlagValue })),
    knownSince: anyU64,
  }),
);

describeBinaryCodec(
  'row of a share',
  { encode: encodeValueRow, decode: decodeValueRow },
  fc.record({
    epoch: anyU32,
    index: anyU8,
    receivedAt: anyU64,
    conflict: fc.boolean(),
    share: anyBytes(64),
  }),
);

describeBinaryCodec(
  'row of a register or ledger',
  { encode: encodeSynodRow, decode: decodeSynodRow },
  fc.record({
    promised: anyBallot,
    accepted: optionally(fc.record({ ballot: anyBallot, value: anyBytes(64) })),
  }),
);
