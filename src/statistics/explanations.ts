/** What a figure is, how it is computed from the sums, and who says so. */
export interface Explanation {
  readonly meaning: string;
  readonly formula: string;
  readonly source: string;
}

const HANDBOOK = 'NIST/SEMATECH e-Handbook of Statistical Methods';

/** One entry for each figure that a result prints, under the name it is printed by. */
export const EXPLANATIONS = {
  count: {
    meaning: 'readings in the result',
    formula: 'n',
    source: 'the shared count, compared with the settled set',
  },
  sum: { meaning: 'sum of the readings, all digits', formula: 'sum(x)', source: 'the domains’ sums, added' },
  mean: { meaning: 'arithmetic mean', formula: 'sum(x) / n', source: `${HANDBOOK}, 1.3.5.1` },
  variance: {
    meaning: 'mean squared distance from the mean; sample: of the population the readings were drawn from',
    formula: '(sum(x^2) - sum(x)^2 / n) / n, sample: / (n - 1)',
    source: `${HANDBOOK}, 1.3.5.6`,
  },
  'standard deviation': {
    meaning: 'root of the variance, in the unit of the readings',
    formula: 'sqrt(variance)',
    source: `${HANDBOOK}, 1.3.5.6`,
  },
  'standard error': {
    meaning: 'standard deviation of the mean itself',
    formula: 's / sqrt(n), s the sample standard deviation',
    source: `${HANDBOOK}, 1.3.5.2`,
  },
  'interval of the mean': {
    meaning: 'in the long run so many of such intervals hold the mean of the population',
    formula: 'mean -+ t s / sqrt(n), t of Student with n - 1 degrees of freedom',
    source: `${HANDBOOK}, 1.3.5.2; Student (1908)`,
  },
  'coefficient of variation': {
    meaning: 'spread in parts of the mean',
    formula: 's / mean',
    source: 'Pearson (1896)',
  },
  'root mean square': { meaning: 'quadratic mean', formula: 'sqrt(sum(x^2) / n)', source: HANDBOOK },
  skewness: {
    meaning: 'lopsidedness: positive with a long tail to the right',
    formula: 'g1 = m3 / m2^(3/2), adjusted: g1 sqrt(n (n - 1)) / (n - 2)',
    source: `${HANDBOOK}, 1.3.5.11; Joanes and Gill (1998)`,
  },
  'excess kurtosis': {
    meaning: 'weight of the tails against a normal distribution, which has 0',
    formula: 'g2 = m4 / m2^2 - 3, adjusted: (n - 1) ((n + 1) g2 + 6) / ((n - 2) (n - 3))',
    source: `${HANDBOOK}, 1.3.5.11; Joanes and Gill (1998)`,
  },
  covariance: {
    meaning: 'how two fields vary together',
    formula: '(sum(xy) - sum(x) sum(y) / n) / (n - 1)',
    source: `${HANDBOOK}, 6.5.4.1`,
  },
  correlation: {
    meaning: 'covariance in parts of both spreads, from -1 to 1',
    formula: 'r = Sxy / sqrt(Sxx Syy)',
    source: 'Pearson (1896)',
  },
  'interval of the correlation': {
    meaning: 'interval of r for fields that are normal together',
    formula: 'tanh(artanh r -+ z / sqrt(n - 3))',
    source: 'Fisher (1921)',
  },
  share: { meaning: 'part of all readings', formula: 'count of the cell / n', source: 'the shared cells' },
  'interval of the share': {
    meaning: 'interval of the proportion in the population',
    formula: '(p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)',
    source: `Wilson (1927); ${HANDBOOK}, 7.2.4.1`,
  },
  quantile: {
    meaning:
      'the cells hold how many, not which: a quantile lies between two values, and no figure is made up',
    formula:
      'the smallest x with at least p n readings at most x; the median of an even n is the mean of the middle two',
    source: 'Hyndman and Fan (1996), type 1',
  },
  mode: { meaning: 'the cell with the most readings', formula: 'largest count', source: HANDBOOK },
  coefficient: {
    meaning: 'least squares: what one unit more of the predictor adds to the response',
    formula: 'b = S^-1 s, over exact fractions; t = b / standard error with n - p - 1 degrees of freedom',
    source: `${HANDBOOK}, 4.1.4.1; Gauss (1809)`,
  },
  'R squared': {
    meaning: 'part of the response’s variation that the predictors explain',
    formula: '1 - RSS / TSS, adjusted: 1 - (RSS / (n - p - 1)) / (TSS / (n - 1))',
    source: `${HANDBOOK}, 4.4.4`,
  },
  F: {
    meaning: 'test of all predictors at once',
    formula: '((TSS - RSS) / p) / (RSS / (n - p - 1))',
    source: `${HANDBOOK}, 1.3.5.9; Fisher (1924)`,
  },
  'goodness of fit': {
    meaning:
      'test whether the cells have the expected shares; rough where the least expected count is below 5',
    formula: 'sum((count - expected)^2 / expected) with cells - 1 degrees of freedom; p is the upper tail',
    source: `Pearson (1900); ${HANDBOOK}, 1.3.5.15; Cochran (1952)`,
  },
  independence: {
    meaning: 'test whether two categories go together; rough where the least expected count is below 5',
    formula:
      'sum((count - expected)^2 / expected), expected = row total times column total / n; (rows - 1) (columns - 1) degrees of freedom',
    source: `Pearson (1904); ${HANDBOOK}, 7.2.4.5`,
  },
  'weighted mean': {
    meaning: 'mean in which each reading counts with its weight',
    formula: 'sum(w x) / sum(w)',
    source: 'NIST Dataplot, weighted mean',
  },
  'weighted variance': {
    meaning:
      'weighted mean of squared distances from the weighted mean; sample: for weights that are no counts',
    formula: 'sum(w x^2) / sum(w) - mean^2, sample: times sum(w) / (sum(w) - sum(w^2) / sum(w))',
    source: 'Kish (1965)',
  },
  'weighted standard deviation': {
    meaning: 'root of the weighted variance, in the unit of the readings',
    formula: 'sqrt(weighted variance)',
    source: 'Kish (1965)',
  },
  'effective count': {
    meaning: 'how many readings of equal weight would tell as much',
    formula: 'sum(w)^2 / sum(w^2)',
    source: 'Kish (1965)',
  },
  'Welch’s t': {
    meaning: 'test whether two means differ, without equal variances',
    formula: '(mean1 - mean2) / sqrt(s1^2/n1 + s2^2/n2), degrees of freedom by Welch and Satterthwaite',
    source: `Welch (1947); ${HANDBOOK}, 1.3.5.3`,
  },
  'variance ratio': {
    meaning: 'F-test whether two variances differ, two-sided',
    formula: 's1^2 / s2^2',
    source: `${HANDBOOK}, 1.3.5.9`,
  },
  'analysis of variance': {
    meaning: 'test whether several means differ',
    formula: 'F = (SSB / (k - 1)) / (SSW / (n - k))',
    source: `${HANDBOOK}, 7.4.3; Fisher (1925)`,
  },
} as const satisfies Record<string, Explanation>;

export type FigureName = keyof typeof EXPLANATIONS;
