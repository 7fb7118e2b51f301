import { readFileSync } from 'node:fs';

/** Public data sets and what their publishers say of them; numbers are texts as they were published. */
export interface CertifiedData {
  readonly regression: readonly {
    readonly name: string;
    readonly columns: Readonly<Record<string, readonly string[]>>;
    readonly response: string;
    readonly certified: {
      readonly '(intercept)': readonly [estimate: string, standardError: string];
      readonly x: readonly [estimate: string, standardError: string];
      readonly residualStandardDeviation: string;
      readonly r2: string;
      readonly f: string;
    };
  }[];
  readonly analysisOfVariance: readonly {
    readonly name: string;
    readonly groups: readonly (readonly string[])[];
    readonly certified: Readonly<Record<'betweenSumOfSquares' | 'withinSumOfSquares' | 'f' | 'r2', string>>;
  }[];
  readonly univariate: readonly {
    readonly name: string;
    readonly first: string;
    readonly alternating: readonly string[];
    readonly times: number;
    readonly certified: { readonly count: number; readonly mean: string; readonly standardDeviation: string };
  }[];
  readonly anscombe: {
    readonly sets: readonly (readonly (readonly [x: string, y: string])[])[];
    readonly published: Readonly<Record<string, string | number>>;
  };
}

export const certified: CertifiedData = JSON.parse(
  readFileSync(new URL('certified.json', import.meta.url), 'utf8'),
);

/** Readings given by a rule: one, then some in turn. */
export function readingsOf({ first, alternating, times }: CertifiedData['univariate'][number]): string[] {
  return [first, ...Array.from({ length: times }, () => alternating).flat()];
}
