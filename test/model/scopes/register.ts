import type { AcceptorRequest } from '../../../src/consensus/index.ts';
import { acceptorStep, decidedIn } from '../../../src/consensus/index.ts';
import type { AcceptorFunction, Cell } from '../explore/acceptor-cell.ts';
import { chosen, freshCell, vote } from '../explore/acceptor-cell.ts';
import type { Model, ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner, memoizedOfThree } from '../explore/interner.ts';
import type { DecideKind, DecideRound } from './decide-traffic.ts';
import { createDecideKind, createDecideTraffic } from './decide-traffic.ts';
