/**
 * Longest document in its compact form, in characters: it travels inside one JSON body, and nobody parses
 * more than this before a signature is checked. The largest ring the limits below allow stays under it.
 */
export const DOCUMENT_CHARS_MAX = 1_000_000;
/** Fewest domains of a ring: one domain alone would hold every share of a reading. */
export const DOMAINS_MIN = 2;
/** Most domains of a ring, so that acceptors are found by sorting a handful of nodes per message. */
export const DOMAINS_MAX = 16;
/** Most nodes of one domain: the domain's ledger is a vote among all of them. */
export const NODES_PER_DOMAIN_MAX = 128;
/** Most nodes of a ring: every node and client holds the whole document. */
export const NODES_MAX = 512;
/** Most stores one domain may ever declare lost: what is lost stays lost in every later section. */
export const LOST_STORES_MAX = 128;
/** Longest name of an operator or a provider, in characters. */
export const LEGAL_NAME_CHARS_MAX = 120;
/** Longest origin of a node, in characters: a DNS name has at most 253. */
export const ORIGIN_CHARS_MAX = 300;
/** Longest proof of a domain's new key, in characters: two keys, a name and a signature. */
export const KEY_PROOF_CHARS_MAX = 1_024;
/**
 * Most ring documents kept, the newest and all before it: nodes number each other by the whole row of them. At
 * one change a week it lasts twenty years.
 */
export const RING_DOCUMENTS_MAX = 1_024;
/** Longest certificate of a domain's own authority, in characters of PEM. */
export const CERTIFICATE_CHARS_MAX = 4096;
/** Sealing keys that a domain had before and its nodes keep; each is another key agreement for a packet that opens with none. */
export const FORMER_SEALING_KEYS_MAX = 2;
