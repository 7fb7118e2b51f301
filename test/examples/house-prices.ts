import { formatRational, formatReal } from 'm-cloud/arithmetic';
import { momentElements, type ReadingSchema } from 'm-cloud/sharing';
import { momentsOfSums, regress } from 'm-cloud/statistics';

/** Three fields of one reading, with the products that a regression needs. */
export function houseSchema(): ReadingSchema {
  const fields = [
    { name: 'price', unit: 'EUR', decimals: 0, offset: '500000', min: '0', max: '1000000' },
    { name: 'area', unit: 'm2', decimals: 1, offset: '250', min: '0', max: '500' },
    { name: 'rooms', unit: '', decimals: 0, offset: '10', min: '0', max: '20' },
  ];
  return { fields, elements: momentElements(fields, 2) };
}

/** How the price follows from area and rooms, to 20 correctly rounded digits. */
export function priceOf(sums: readonly bigint[]) {
  const fit = regress(momentsOfSums(houseSchema(), sums), 'price', ['area', 'rooms']);
  const digits = 20;
  return fit.coefficients.map(({ term, estimate, p }) => ({
    term,
    estimate: formatRational(estimate, { digits }),
    p: p && formatReal(p, { digits }),
  }));
}
