/** What the codes mean that a person is likely to meet, for those who do not know them by heart. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EADDRNOTAVAIL: 'this computer does not have that address',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EDQUOT: 'the space that may be used is used up',
  EEXIST: 'there is one already',
  EHOSTUNREACH: 'no way to that computer',
  EIO: 'the disk fails',
  EISDIR: 'it is a folder',
  EMFILE: 'too many files are open',
  ENETUNREACH: 'no way to that network',
  ENOENT: 'no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
  ENOTFOUND: 'no such host name',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ETIMEDOUT: 'no way to that computer, or it does not answer',
  ERR_OSSL_PEM_NO_START_LINE: 'it is no PEM',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'the key is not that of the certificate',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not from its domain's authority",
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not from its domain's authority",
  TIMEOUT: 'it took longer than it was given; it may be busy, stand still or wait for others',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time; its computer is away, or its process stands still',
  UND_ERR_SOCKET: 'the connection was cut',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not from its domain's authority",
};

/** The innermost code of an error of the platform, such as ENOSPC; its message could quote what was sent. */
export function systemCode(error: unknown): string {
  let code = 'UNKNOWN';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') code = at.code;
  }
  return code;
}

/** A code with its meaning where that is known: `ENOENT (no such file or folder)`. */
export function explainedCode(code: string): string {
  const meaning = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
  return meaning === undefined ? code : `${code} (${meaning})`;
}

/** What an error of the platform says went wrong, for a message. */
export function systemReason(error: unknown): string {
  return explainedCode(systemCode(error));
}
