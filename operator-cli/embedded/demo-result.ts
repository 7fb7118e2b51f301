import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import {
  type JointDocument,
  jointDocument,
  momentsOfSums,
  type RegressionDocument,
  type ResultDocument,
  regress,
  regressionDocument,
  resultDocument,
} from '../../src/statistics/index.ts';
import type { WindowResult } from '../operator/index.ts';
import type { DemoReadings } from './demo-readings.ts';
import { plainJointStatistics } from './plain-joint-statistics.ts';
import { plainRegression } from './plain-regression.ts';
import { plainStatistics } from './plain-statistics.ts';

/** The statistics of readings of several fields; the shape is the contract of scripts that read it. */
export interface SeveralFieldsDocument extends JointDocument {
  readonly count: number;
  readonly fields: Readonly<Record<string, ResultDocument>>;
  readonly regression?: RegressionDocument;
}

/** What the demo computes: of one column its statistics, of several how they go together as well. */
export type DemoResult = ResultDocument | SeveralFieldsDocument;

export interface DemoQuestion {
  /** Whether the columns were asked for as fields of one reading, one alone included. */
  readonly several: boolean;
  /** The column to regress on the others. */
  readonly response?: string;
  readonly digits: number;
}

/** From the sums that the domains released. */
export function releasedResult(
  stream: StreamDocument,
  outcome: WindowResult,
  question: DemoQuestion,
): DemoResult {
  const { several, response, digits } = question;
  const fields = outcome.fields.map(
    ({ field, statistics }) => [field.name, resultDocument(statistics, { digits })] as const,
  );
  const [first] = fields;
  if (!several && first !== undefined) return first[1];
  const names = fields.map(([name]) => name);
  const predictors = names.filter((name) => name !== response);
  const moments = momentsOfSums(stream, outcome.sums);
  return {
    count: outcome.readings,
    fields: Object.fromEntries(fields),
    ...jointDocument(moments, names, { digits }),
    ...(response === undefined
      ? {}
      : { regression: regressionDocument(regress(moments, response, predictors), { digits }) }),
  };
}

/**
 * From the file, by code that knows nothing of shares, schemas or sums of powers.
 * @throws EngineError `SINGULAR_DESIGN` for collinear columns
 */
export function plainResult({ columns, readings }: DemoReadings, question: DemoQuestion): DemoResult {
  const { several, response, digits } = question;
  const named = columns.map(({ field, texts }) => ({ name: field, texts }));
  const fields = named.map(({ name, texts }) => [name, plainStatistics(texts, digits)] as const);
  const [first] = fields;
  if (!several && first !== undefined) return first[1];
  return {
    count: readings.length,
    fields: Object.fromEntries(fields),
    ...plainJointStatistics(named, digits),
    ...(response === undefined ? {} : { regression: plainRegression(named, response, digits) }),
  };
}
