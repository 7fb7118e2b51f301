/** Opened records kept in memory: whoever asks for one row asks for its neighbours next, and opening costs a cipher each. */
export const OPENED_RECORDS_BYTES_MAX = 8_388_608;

/** The records that were opened last, up to a number of bytes. */
export interface OpenedRecords {
  get(name: string): Uint8Array | undefined;
  keep(name: string, record: Uint8Array): void;
  drop(name: string): void;
  /** Every record whose name begins so is gone. */
  forget(prefix: string): void;
}

export function createOpenedRecords(): OpenedRecords {
  // In the order of their last use.
  const records = new Map<string, Uint8Array>();
  let bytes = 0;

  function drop(name: string): void {
    bytes -= records.get(name)?.length ?? 0;
    records.delete(name);
  }

  return {
    get(name) {
      const record = records.get(name);
      if (record === undefined) return undefined;
      records.delete(name);
      records.set(name, record);
      return record;
    },
    drop,
    keep(name, record) {
      drop(name);
      records.set(name, record);
      bytes += record.length;
      for (const oldest of records.keys()) {
        if (bytes <= OPENED_RECORDS_BYTES_MAX) return;
        drop(oldest);
      }
    },
    forget(prefix) {
      for (const name of records.keys()) if (name.startsWith(prefix)) drop(name);
    },
  };
}
