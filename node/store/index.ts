export type { DataFolder } from './data-folder.ts';
export { openDataFolder } from './data-folder.ts';
export type { LevelStoreOptions } from './level-store.ts';
export { openLevelStore } from './level-store.ts';
export { openWindowKeys } from './window-keys.ts';
