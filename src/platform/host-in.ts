/** The host of an origin as a certificate names it: an address of version 6 stands in brackets in an origin. */
export function hostIn(origin: string): string {
  return new URL(origin).hostname.replace(/^\[|\]$/g, '');
}
