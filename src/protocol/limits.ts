/** Bytes of a JSON request that carries a document or a question. A ring of 64 nodes with certificates is under 200 KiB. */
export const JSON_BODY_BYTES_MAX = 1_048_576;
/** Bytes of a binary request of a sensor; a batch of 4,096 shares of 16 elements fits in it. */
export const SENSOR_BODY_BYTES_MAX = 2_097_152;
/** Bytes of a binary request between nodes; a page of ids or rows fits in it. */
export const PEER_BODY_BYTES_MAX = 8_388_608;
/** Characters of ring documents in one message, beyond the first: keeps it within PEER_BODY_BYTES_MAX. */
export const RINGS_PAGE_CHARS_MAX = 2_000_000;
/** Flags in one request: bounds the work done under one partition lock. */
export const FLAGS_PER_REQUEST_MAX = 4_096;
/** Readings of a batch whose vectors are sent one by one: bounds what a seed of 32 bytes makes a node compute. */
export const BATCH_READINGS_MAX = 4_096;
/** Packets in one request: each of a sensor that the node has not met costs it a key agreement of a quarter of a millisecond. */
export const PACKETS_PER_REQUEST_MAX = 1_024;
/** Elements of a reading vector: count, moments and cells together. */
export const ELEMENTS_MAX = 1_024;
/** Sensors in one answer of SENSORS, 17 bytes each: keeps it below the body limit, so a million come in three. */
export const SENSORS_PER_PAGE_MAX = 400_000;
/** Rows in one page of a list between nodes; keeps a page below the body limit. */
export const PAGE_ENTRIES_MAX = 8_192;
/** Share rows in one page: with 1,024 elements a share is 16 KiB, so a page stays below the body limit. */
export const ROWS_PER_PAGE_MAX = 256;
/** Ids that one window may exclude, whatever its stream says: they travel in one register value. */
export const EXCLUDED_MAX = 65_536;
/** Bytes of a value in a register or ledger: 1,024 partitions of 40 bytes, or the excluded ids. */
export const REGISTER_VALUE_BYTES_MAX = 4_194_304;
/** Partitions and share indices in one inventory: 1,024 partitions, one index for each of 16 domains. */
export const HOLDINGS_MAX = 16_384;
/** Receipts that a packet of a SET may carry: one per domain of the largest stream. */
export const RECEIPTS_MAX = 16;
/** Proofs that a packet of a SET may carry: one per domain of three acceptors. */
export const PROOFS_MAX = 3;
/** Streams a node lists in one answer. */
export const STREAMS_LISTED_MAX = 1_024;
/** Windows of a stream a node lists in one answer. */
export const WINDOWS_LISTED_MAX = 1_024;
/** Attempts of a proposer before a round gives up and leaves the rest to whoever asks next. */
export const BALLOT_ATTEMPTS_MAX = 32;
/** Sensors enrolled, and sensors revoked, by one batch of the roster: its document stays below the limit of documents. */
export const ROSTER_CHANGES_MAX = 4_096;
/** Sensors a node keeps of all authorities together: 93 bytes each, 200 MB in all. */
export const ROSTER_SENSORS_MAX = 2_097_152;
/** Enrolment authorities a domain may trust. */
export const ROSTER_AUTHORITIES_MAX = 16;
/** Streams that one batch of enrolments may be restricted to. */
export const ROSTER_STREAMS_MAX = 64;
