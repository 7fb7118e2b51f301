export type { Authority } from './authority-folder.ts';
export { keepBatch, readAuthority } from './authority-folder.ts';
export type { RosterPush } from './push-roster.ts';
export { pushRoster, requireReached } from './push-roster.ts';
export type { RosterChanges } from './roster-log.ts';
export { nextBatches, openRosterLog } from './roster-log.ts';
export { openRotation } from './rotation.ts';
