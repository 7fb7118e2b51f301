/** One measured quantity of a stream. Decimal strings, so that bounds are exact and survive JSON. */
export interface FieldSchema {
  readonly name: string;
  readonly unit: string;
  /** Digits after the decimal point a reading may have. */
  readonly decimals: number;
  /** Public value subtracted before anything is shared, so that powers stay small. */
  readonly offset: string;
  /** Smallest allowed reading, inclusive. */
  readonly min: string;
  /** Largest allowed reading, inclusive. */
  readonly max: string;
}

/** The number of readings: 1 in every reading vector. */
export interface CountElement {
  readonly kind: 'count';
}

/** A product of powers of fields, each as its stored integer. */
export interface MomentElement {
  readonly kind: 'moment';
  readonly factors: readonly { readonly field: string; readonly power: number }[];
}

/** 1 where `from` <= reading < `to`, else 0. The cells of a field cover its bounds without gap or overlap. */
export interface CellElement {
  readonly kind: 'cell';
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/**
 * One part of the reading vector. The kinds `check` (a secret linear check of a domain's honesty) and `proof`
 * (range proofs) are reserved: whoever parses a document refuses them until they mean something.
 */
export type ElementSchema = CountElement | MomentElement | CellElement;

/** What a reading of a stream looks like. A value: never changed after its first use. */
export interface ReadingSchema {
  readonly fields: readonly FieldSchema[];
  /** The first one is the count, and the only one. */
  readonly elements: readonly ElementSchema[];
}

/**
 * The count and every product of powers of the fields up to `degree` in total. Lower degrees come first; within
 * a degree the earlier fields' powers fall: for x, y and 2 that is count, x, y, x^2, x*y, y^2.
 */
export function momentElements(
  fields: readonly { readonly name: string }[],
  degree: number,
): ElementSchema[] {
  const elements: ElementSchema[] = [{ kind: 'count' }];
  for (let total = 1; total <= degree; total++) {
    for (const factors of monomials(fields, total)) elements.push({ kind: 'moment', factors });
  }
  return elements;
}

function monomials(
  fields: readonly { readonly name: string }[],
  total: number,
): { readonly field: string; readonly power: number }[][] {
  if (total === 0) return [[]];
  const [first, ...others] = fields;
  if (first === undefined) return [];
  const all: { readonly field: string; readonly power: number }[][] = [];
  for (let power = total; power >= 0; power--) {
    for (const rest of monomials(others, total - power)) {
      all.push(power === 0 ? rest : [{ field: first.name, power }, ...rest]);
    }
  }
  return all;
}

/** The name of an element in messages: "count", "x^2*y", "cell of x from 0 to 10". */
export function elementName(element: ElementSchema): string {
  switch (element.kind) {
    case 'count':
      return 'count';
    case 'moment':
      return element.factors.map(({ field, power }) => (power === 1 ? field : `${field}^${power}`)).join('*');
    case 'cell':
      return `cell of ${element.field} from ${element.from} to ${element.to}`;
  }
}
