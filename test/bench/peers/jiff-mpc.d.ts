/** What the benchmark uses of the package, which has no types of its own. */
declare module 'jiff-mpc' {
  interface SecretShare {
    sadd(other: SecretShare): SecretShare;
  }
  class Server {
    constructor(server: import('node:http').Server, options: { readonly logs: boolean });
  }
  class Client {
    constructor(
      origin: string,
      computation: string,
      options: {
        readonly party_id: number;
        readonly party_count: number;
        readonly crypto_provider: boolean;
        readonly autoConnect: boolean;
        readonly onConnect: () => void;
      },
    );
    connect(): void;
    share_array(values: readonly number[]): Promise<Record<string, readonly SecretShare[]>>;
    open(share: SecretShare): Promise<unknown>;
  }
  const jiff: { readonly JIFFServer: typeof Server; readonly JIFFClient: typeof Client };
  export = jiff;
}
