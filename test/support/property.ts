import fc from 'fast-check';
import { test as plainTest, type TestAPI } from 'vitest';

export { fc };

type Arbitraries<Values extends unknown[]> = { [Place in keyof Values]: fc.Arbitrary<Values[Place]> };

/**
 * A test of one property: `prop([anyA, anyB])('holds', (a, b) => ...)`. Hooks run once, not once a value.
 * The package that is made for this takes two seconds of the processor to load, in every process that runs tests.
 */
function prop<Values extends [unknown, ...unknown[]]>(
  arbitraries: Arbitraries<Values>,
  parameters: fc.Parameters<Values> = {},
): (title: string, holds: (...values: Values) => unknown) => void {
  return (title, holds) => {
    const property = fc.asyncProperty<Values>(...arbitraries, async (...values) => {
      const answer = await holds(...values);
      return answer === undefined || answer === true;
    });
    plainTest(title, () => fc.assert(property, parameters));
  };
}

/** The test of vitest with `test.prop` for properties. */
export const test: TestAPI & { readonly prop: typeof prop } = Object.assign(plainTest.extend({}), { prop });
