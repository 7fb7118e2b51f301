import { CipherSuite, DhkemP256HkdfSha256, ExportOnly, HkdfSha256 } from '@hpke/core';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../src/foundation/index.ts';
import { deriveKeyPair, recipientContext, senderContext } from '../../../src/platform/hpke.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';

/** RFC 9180, appendix A.3.3: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM in Auth mode. */
const RFC = {
  suite: { info: utf8('Ode on a Grecian Urn'), aead: 1 },
  seeds: {
    ephemeral: '798d82a8d9ea19dbc7f2c6dfa54e8a6706f7cdc119db0813dacf8440ab37c857',
    recipient: '7bc93bde8890d1fb55220e7f3b0c107ae7e6eda35ca4040bb6651284bf0747ee',
    sender: '874baa0dcf93595a24a45a7f042e0d22d368747daaa7e19f80a802af19204ba8',
  },
  privateKeys: {
    ephemeral: '6b8de0873aed0c1b2d09b8c7ed54cbf24fdf1dfc7a47fa501f918810642d7b91',
    recipient: 'd929ab4be2e59f6954d6bedd93e638f02d4046cef21115b00cdda2acb2a4440e',
    sender: '1120ac99fb1fccc1e8230502d245719d1b217fe20505c7648795139d177f0de9',
  },
  encapsulated:
    '042224f3ea800f7ec55c03f29fc9865f6ee27004f818fcbdc6dc68932c1e52e15b79e264a98f2c535ef06745f3d308624414153b22c7332bc1e691cb4af4d53454',
  senderKey:
    '04a817a0902bf28e036d66add5d544cc3a0457eab150f104285df1e293b5c10eef8651213e43d9cd9086c80b309df22cf37609f58c1127f7607e85f210b2804f73',
  exports: [
    ['', '837e49c3ff629250c8d80d3c3fb957725ed481e59e2feb57afd9fe9a8c7c4497'],
    ['00', '594213f9018d614b82007a7021c3135bda7b380da4acd9ab27165c508640dbda'],
    ['54657374436f6e74657874', '14fe634f95ca0d86e15247cca7de7ba9b73c9b9deb6437e1c832daf7291b79d5'],
  ],
} as const;

describe('HPKE in Auth mode', () => {
  const sender = deriveKeyPair(fromHex(RFC.seeds.sender));
  const recipient = deriveKeyPair(fromHex(RFC.seeds.recipient));

  test('derives the keys of RFC 9180 A.3.3', () => {
    for (const [name, seed] of Object.entries(RFC.seeds)) {
      const expected = Object.entries(RFC.privateKeys).find(([key]) => key === name)?.[1];
      expect(toHex(deriveKeyPair(fromHex(seed)).privateKey)).toBe(expected);
    }
    expect(toHex(sender.publicKey)).toBe(RFC.senderKey);
  });

  test('exports the values of RFC 9180 A.3.3 on both sides', async () => {
    const sent = senderContext(RFC.suite, sender, recipient.publicKey, fromHex(RFC.seeds.ephemeral));
    const received = recipientContext(RFC.suite, recipient, sender.publicKey, fromHex(RFC.encapsulated));
    expect(toHex(sent?.encapsulated ?? new Uint8Array(0))).toBe(RFC.encapsulated);
    for (const [purpose, exported] of RFC.exports) {
      for (const context of [sent, received]) {
        expect(toHex((await context?.exportKey(fromHex(purpose))) ?? new Uint8Array(0))).toBe(exported);
      }
    }
  });

  test('agrees with another program, as sender and as recipient', async () => {
    const suite = new CipherSuite({
      kem: new DhkemP256HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new ExportOnly(),
    });
    const info = utf8('info');
    const purpose = utf8('purpose');
    const seed = cryptoRandomBytes(32);
    const senderKey = await suite.kem.deriveKeyPair(copy(fromHex(RFC.seeds.sender)));
    const recipientKey = await suite.kem.deriveKeyPair(copy(fromHex(RFC.seeds.recipient)));
    const theirs = await suite.createSenderContext({
      info: copy(info),
      senderKey,
      recipientPublicKey: recipientKey.publicKey,
      ekm: copy(seed),
    });
    const ours = senderContext({ info }, sender, recipient.publicKey, seed);
    const exported = new Uint8Array(await theirs.export(copy(purpose), 32));
    expect(ours?.encapsulated).toEqual(new Uint8Array(theirs.enc));
    expect(await ours?.exportKey(purpose)).toEqual(exported);
    const opened = recipientContext({ info }, recipient, sender.publicKey, new Uint8Array(theirs.enc));
    expect(await opened?.exportKey(purpose)).toEqual(exported);
  });

  test('gives another key under another info, sender, recipient or encapsulation', async () => {
    const other = deriveKeyPair(cryptoRandomBytes(32));
    const encapsulated = fromHex(RFC.encapsulated);
    const contexts = [
      recipientContext(RFC.suite, recipient, sender.publicKey, encapsulated),
      recipientContext({ ...RFC.suite, info: utf8('another') }, recipient, sender.publicKey, encapsulated),
      recipientContext(RFC.suite, other, sender.publicKey, encapsulated),
      recipientContext(RFC.suite, recipient, other.publicKey, encapsulated),
      recipientContext(RFC.suite, recipient, sender.publicKey, other.publicKey),
    ];
    const keys = await Promise.all(contexts.map((context) => context?.exportKey(utf8('x'))));
    expect(new Set(keys.map((key) => toHex(key ?? new Uint8Array(0)))).size).toBe(contexts.length);
  });

  test('refuses what is no point of the curve, and a point in another spelling', () => {
    const off = sender.publicKey.slice();
    off[64] = (off[64] ?? 0) ^ 1;
    const short = Uint8Array.of(2 + ((sender.publicKey[64] ?? 0) & 1), ...sender.publicKey.subarray(1, 33));
    for (const bad of [off, short, new Uint8Array(65), new Uint8Array(0)]) {
      expect(recipientContext(RFC.suite, recipient, sender.publicKey, bad)).toBeNull();
      expect(recipientContext(RFC.suite, recipient, bad, sender.publicKey)).toBeNull();
      expect(senderContext(RFC.suite, sender, bad, cryptoRandomBytes(32))).toBeNull();
    }
  });
});

/** The other program wants arrays of an ArrayBuffer of their own. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
