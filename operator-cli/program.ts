import { Command, CommanderError } from 'commander';
import { EXIT_CODES, exitCodesHelp } from '../src/foundation/index.ts';
import { packageVersion } from '../src/platform/index.ts';
import { addClusterInit } from './commands/cluster-init.ts';
import { addClusterStart } from './commands/cluster-start.ts';
import { addCompare } from './commands/compare.ts';
import { addCompute } from './commands/compute.ts';
import { addDemo } from './commands/demo.ts';
import { addDeviceEnrol } from './commands/device-enrol.ts';
import { addDeviceInitAuthority } from './commands/device-init-authority.ts';
import { addDeviceList } from './commands/device-list.ts';
import { addDevicePush } from './commands/device-push.ts';
import { addDeviceRevoke } from './commands/device-revoke.ts';
import { addDeviceRotate } from './commands/device-rotate.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDomainAddNode } from './commands/domain-add-node.ts';
import { addDomainInit } from './commands/domain-init.ts';
import { addDomainJoin } from './commands/domain-join.ts';
import { addDomainRenew } from './commands/domain-renew.ts';
import { addNodeReplaceStore } from './commands/node-replace-store.ts';
import { addOperatorInit } from './commands/operator-init.ts';
import { addRingAssemble } from './commands/ring-assemble.ts';
import { addRingBundle } from './commands/ring-bundle.ts';
import { addRingPublish } from './commands/ring-publish.ts';
import { addRingShow } from './commands/ring-show.ts';
import { addStatus } from './commands/status.ts';
import { addStreamCreate } from './commands/stream-create.ts';
import { addStreamList } from './commands/stream-list.ts';
import { addStreamRetire } from './commands/stream-retire.ts';
import { addStreamShow } from './commands/stream-show.ts';
import { addWindowOpen } from './commands/window-open.ts';
import { addWindowSeal } from './commands/window-seal.ts';
import type { CliEnvironment } from './environment.ts';
import { examples } from './help.ts';
import { reportError } from './report-error.ts';

/**
 * The `m-cloud` command.
 * @param args the arguments behind the program's name.
 * @returns the exit code; nothing is thrown.
 */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  try {
    await createProgram(environment).parseAsync([...args], { from: 'user' });
    return EXIT_CODES.OK.code;
  } catch (error) {
    if (error instanceof CommanderError) return exitOfCommander(error);
    return EXIT_CODES[reportError(error, environment)].code;
  }
}

/** The whole command tree; every action runs in the given environment. */
export function createProgram(environment: CliEnvironment): Command {
  const program = configured(new Command('m-cloud'), environment)
    .description('Exact statistics over private readings: what a service operator asks of an m-cloud.')
    .version(packageVersion(), '--version', 'print the version of the program')
    .option('--json', 'print the answer as one JSON value')
    .option('--config <file>', 'the operator configuration (default: MCLOUD_CONFIG or ./operator.json)')
    .option('--quiet', 'no progress and messages on standard error');
  examples(program, [
    ['m-cloud demo', 'the whole story in one command, nothing to set up'],
    ['m-cloud cluster init ./cluster', 'keys, certificates and documents of a local cluster'],
    ['m-cloud stream create --name t --field temperature --decimals 1 --min -40 --max 60 --public-data', ''],
    ['m-cloud compute t --seal', 'close the window and print its statistics'],
  ]);
  program.addHelpText('after', `\n${exitCodesHelp()}\n\nEnvironment: MCLOUD_CONFIG, MCLOUD_DEBUG, NO_COLOR`);
  const group = (name: string, description: string): Command =>
    program.command(name).description(description);
  addCompute(program, environment);
  addCompare(program, environment);
  const stream = group('stream', 'define, list, show and end streams');
  addStreamCreate(stream, environment);
  addStreamList(stream, environment);
  addStreamShow(stream, environment);
  addStreamRetire(stream, environment);
  const window = group('window', 'open and seal windows');
  addWindowOpen(window, environment);
  addWindowSeal(window, environment);
  const ring = group('ring', 'make, show and hand out the ring document');
  addRingAssemble(ring, environment);
  addRingBundle(ring, environment);
  addRingPublish(ring, environment);
  addRingShow(ring, environment);
  addDevices(group('device', 'say which sensors are real, as an enrolment authority'), environment);
  addStatus(program, environment);
  addDoctor(program, environment);
  addDemo(program, environment);
  const domain = group('domain', 'make the keys of one domain and join a ring');
  addDomainInit(domain, environment);
  addDomainJoin(domain, environment);
  addDomainAddNode(domain, environment);
  addDomainRenew(domain, environment);
  addNodeReplaceStore(group('node', "care for a domain's nodes on its own computer"), environment);
  addOperatorInit(group('operator', "make the operator's key"), environment);
  const cluster = group('cluster', 'make and run clusters for development');
  addClusterInit(cluster, environment);
  addClusterStart(cluster, environment);
  return program;
}

function addDevices(device: Command, environment: CliEnvironment): void {
  addDeviceInitAuthority(device, environment);
  addDeviceEnrol(device, environment);
  addDeviceRevoke(device, environment);
  addDeviceRotate(device, environment);
  addDeviceList(device, environment);
  addDevicePush(device, environment);
}

/** Commander's ways for this program; subcommands take them over when they are made. */
function configured(command: Command, environment: CliEnvironment): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: environment.out,
      writeErr: environment.err,
      getOutHelpWidth: () => environment.columns,
      getErrHelpWidth: () => environment.columns,
      getOutHasColors: () => environment.colours,
      getErrHasColors: () => false,
      // A suggestion comes on a line of its own; a typo deserves one line.
      outputError: (text, write) => write(`${text.trim().replaceAll('\n', ' ')}\n`),
    });
}

/** Asking for help or the version succeeds; everything else that commander refuses is a wrong call. */
function exitOfCommander(error: CommanderError): number {
  const asked = ['commander.helpDisplayed', 'commander.version'].includes(error.code);
  return asked ? EXIT_CODES.OK.code : EXIT_CODES.USAGE.code;
}
