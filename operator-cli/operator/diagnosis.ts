import { ERROR_TABLE, printable } from '../../src/foundation/index.ts';
import type { NodeAudit } from '../../src/protocol/index.ts';
import type { ToldCount } from '../../src/protocol/told-counts.ts';
import { isSome, toldText } from '../../src/protocol/told-counts.ts';
import type { NodeId } from '../../src/ring/index.ts';
import type { AuditReport } from './audit.ts';

/** One thing that is wrong at one node. */
export interface Problem {
  readonly node: NodeId;
  readonly what: string;
  /** What a person may do about it. */
  readonly hint: string;
  /** Whether the cluster may well mend it by itself, or a node that is back mends it. */
  readonly passing: boolean;
}

type Finding = Omit<Problem, 'node'>;

/** A number that should be 0, what it counts, and what to do where it is not. */
interface Rule extends Omit<Finding, 'what'> {
  readonly count: (audit: NodeAudit) => ToldCount;
  readonly what: readonly [one: string, many: string];
}

const RULES: readonly Rule[] = [
  {
    count: ({ rows }) => rows.corrupt,
    what: ['row of the values table does not open', 'rows of the values table do not open'],
    hint: 'The node fetches them from its domain by itself; where they come back, look at its disk.',
    passing: false,
  },
  {
    count: ({ rows }) => rows.misplaced,
    what: ["row holds another domain's share (ISOLATION)", "rows hold another domain's share (ISOLATION)"],
    hint: 'Stop the node: whoever has two shares of a reading of two domains may have the reading.',
    passing: false,
  },
  {
    count: ({ copies }) => copies.foreign,
    what: [
      "partition in which a node of the domain holds another domain's share (ISOLATION)",
      "partitions in which a node of the domain holds another domain's share (ISOLATION)",
    ],
    hint: 'Audit every node of the domain; the one with misplaced rows has them.',
    passing: false,
  },
  {
    count: ({ rows }) => rows.conflict,
    what: ['reading has two different shares', 'readings have two different shares'],
    hint: 'They are in no sum. Some sensor used one reading id for two splits.',
    passing: false,
  },
  {
    count: ({ rows, flags }) => rows.stray + flags.stray,
    what: ['row belongs to no window', 'rows belong to no window'],
    hint: 'Their keys were altered on disk, or the windows were lost there; look at the disk.',
    passing: false,
  },
  {
    count: ({ flags }) => flags.corrupt,
    what: ['row of the flags table does not open', 'rows of the flags table do not open'],
    hint: 'A vote that is lost cannot be fetched: `m-cloud node replace-store` gives the node a new store.',
    passing: false,
  },
  {
    count: ({ copies }) => copies.short,
    what: [
      'partition of which another owner lacks rows that are here',
      'partitions of which another owner lacks rows that are here',
    ],
    hint: 'Restart the other nodes of its domain, one after the other: a store that lost rows finds out when it starts, and fetches them. Where it lasts, `m-cloud node replace-store` gives the node that lacks them a new one.',
    passing: false,
  },
  {
    count: ({ thinPartitions }) => thinPartitions,
    what: ['partition has too few copies', 'partitions have too few copies'],
    hint: 'Their readings are on fewer disks than the domain has replicas. Start the node of the domain that is away, as `m-cloud status` shows, and the copies are made; where its disk is gone, the domain gives it a new store: `m-cloud node replace-store`.',
    passing: true,
  },
  {
    count: ({ hintedPartitions }) => hintedPartitions,
    what: ['partition is kept for an owner that was away', 'partitions are kept for owners that were away'],
    hint: 'They go to their owners when those are back: start the nodes of the domain that are away.',
    passing: true,
  },
  {
    count: ({ repairsWaiting }) => repairsWaiting,
    what: ['window or partition is still to be fetched', 'windows or partitions are still to be fetched'],
    hint: 'Ask again in a while; every other node of the domain must answer for it.',
    passing: true,
  },
  {
    count: ({ copies }) => copies.silent,
    what: [
      'node of the domain did not tell what it holds',
      'nodes of the domain did not tell what they hold',
    ],
    hint: 'Their copies were not compared; ask again when they answer.',
    passing: true,
  },
  {
    count: ({ flags }) => flags.overdue,
    what: ['flag is undecided long after its timeout', 'flags are undecided long after their timeout'],
    hint: 'Does a majority of the acceptors answer? One that comes back may let the timeout pass once more.',
    passing: true,
  },
  {
    count: ({ windows }) => windows.overdue,
    what: ['window is not settled long after its end', 'windows are not settled long after their end'],
    hint: '`m-cloud window seal STREAM` says which acceptors are missing.',
    passing: true,
  },
];

/** What is wrong with a cluster, as its nodes' audits show it; nothing where every node answered and found nothing. */
export function diagnose(reports: readonly AuditReport[], epoch: number): readonly Problem[] {
  return reports.flatMap((report) =>
    findingsOf(report, epoch).map((finding) => ({ node: report.node, ...finding })),
  );
}

function findingsOf(report: AuditReport, epoch: number): readonly Finding[] {
  if (!('audit' in report)) {
    const { code, message } = report.failure;
    const hint =
      'Start it; where its process stands still, stop that first. Its log says more. While no node of a domain answers, uploads and results of its streams wait.';
    return [{ what: `no audit: ${code}: ${message}`, hint, passing: ERROR_TABLE[code].retry }];
  }
  const { audit } = report;
  const found: Finding[] = [];
  if (audit.epoch !== epoch) {
    found.push({
      what: `uses ring epoch ${audit.epoch}, expected ${epoch}`,
      hint:
        audit.epoch > epoch
          ? 'This command uses an older ring document than the node: `m-cloud ring publish` of the newest one replaces it.'
          : 'It fetches the newest document from the other nodes by itself; where it does not, look at its log.',
      passing: audit.epoch < epoch,
    });
  }
  if (audit.doubt !== null) {
    found.push({
      what: `its store is in doubt: ${printable(audit.doubt)}`,
      hint: 'It keeps its rows but votes no more; the other acceptors go on. `m-cloud node replace-store` gives it a new store.',
      passing: false,
    });
  }
  for (const { count, what, hint, passing } of RULES) {
    const number = count(audit);
    if (isSome(number))
      found.push({ what: `${toldText(number)} ${what[number === 1 ? 0 : 1]}`, hint, passing });
  }
  return found;
}
