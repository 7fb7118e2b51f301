import type { CellElement, ReadingSchema } from 'm-cloud/sharing';
import { goodnessOfFit, histogramsOf, modes, proportions } from 'm-cloud/statistics';

const CHOICES = ['yes', 'no', 'abstain'] as const;

/** What a voter uploads: the number of a choice, in a field whose cells are the count of each. */
export function voteSchema(): ReadingSchema {
  const field = { name: 'choice', unit: '', decimals: 0, offset: '0', min: '0', max: '2' };
  const cells = CHOICES.map((_, i): CellElement => {
    return { kind: 'cell', field: 'choice', from: String(i), to: String(i + 1) };
  });
  return { fields: [field], elements: [{ kind: 'count' }, ...cells] };
}

/**
 * Reads a vote off its sums.
 * @param sums of the window, as `m-cloud compute --json` prints them.
 */
export function voteResult(sums: readonly bigint[]) {
  const [histogram] = histogramsOf(voteSchema(), sums);
  if (histogram === undefined) throw new Error('expected the cells of the field choice');
  const counts = histogram.bins.map(({ count }) => count);
  const confidence = { numerator: 19n, denominator: 20n };
  return {
    counts: Object.fromEntries(CHOICES.map((choice, i) => [choice, counts[i] ?? 0n])),
    winners: modes(histogram).map(({ least }) => CHOICES[Number(least.numerator)]),
    // The part of all voters, exact, with Wilson's interval of it.
    proportions: proportions(histogram, confidence),
    // Were yes and no chosen equally often, but for chance?
    yesAgainstNo: goodnessOfFit(counts.slice(0, 2)),
  };
}
