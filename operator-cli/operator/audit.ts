import type { NodeAudit } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { type AskedNode, answerOrReason, askNode, nodesOf, type Unanswered } from './ask-nodes.ts';
import { AUDIT_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** What a node found when it read all its rows, or why it did not. */
export type AuditReport = AskedNode & ({ readonly audit: NodeAudit } | Unanswered);

/**
 * Lets every node of the ring audit itself: the domains at once, the nodes of a domain one after another, because
 * each of them has all the others count their rows as well.
 */
export async function auditNodes(
  ports: OperatorPorts,
  options: CallOptions = {},
): Promise<readonly AuditReport[]> {
  const domains = ports.ring.domains.map(async ({ domain }) => {
    const reports: AuditReport[] = [];
    for (const asked of nodesOf(ports.ring, [domain])) reports.push(await reportOf(ports, asked, options));
    return reports;
  });
  return (await Promise.all(domains)).flat();
}

async function reportOf(ports: OperatorPorts, asked: AskedNode, options: CallOptions): Promise<AuditReport> {
  const timeout = { ...options, timeoutMs: AUDIT_TIMEOUT_MS };
  const report = await answerOrReason(options, async () => ({
    audit: await askNode(ports, asked, operations.AUDIT, null, timeout),
  }));
  return { ...asked, ...report };
}
