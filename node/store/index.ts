export { openDataFolder } from './data-folder.ts';
export { openLevelStore } from './level-store.ts';
export { openWindowKeys } from './window-keys.ts';
