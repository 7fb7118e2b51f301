import { run, tryRun } from './commands.ts';

const PROJECT = 'm-cloud-test';
/** Longest wait until all nodes are healthy, ms; they take a few seconds each on two cores. */
const HEALTHY_MS = 180_000;

export interface ComposeOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The project of docker-compose.yml, run by podman-compose. */
export interface ComposeProject {
  up(services: readonly string[]): Promise<void>;
  /** Runs a one-shot service. @returns its standard output without what podman-compose itself prints. */
  oneShot(service: string, args: readonly string[], input?: string): Promise<string>;
  /** The same, and the one JSON line in it. */
  json(service: string, args: readonly string[], input?: string): Promise<unknown>;
  inside(service: string, script: string): Promise<string>;
  /** Resolves when the health check of the compose file succeeds in every one of these. */
  healthy(services: readonly string[]): Promise<void>;
  kill(service: string): Promise<void>;
  isRunning(service: string): Promise<boolean>;
  start(service: string): Promise<void>;
  logs(service: string): Promise<string>;
  down(): Promise<void>;
}

export function composeProject({ root, env }: ComposeOptions): ComposeProject {
  const compose = (args: readonly string[], input = '') =>
    run('podman-compose', ['-p', PROJECT, ...args], { cwd: root, env, input });
  const podman = (args: readonly string[]) => run('podman', args, { env });
  const nameOf = (service: string) => `${PROJECT}_${service}_1`;
  const project: ComposeProject = {
    async up(services) {
      await compose(['up', '--detach', '--no-build', ...services]);
    },
    async oneShot(service, args, input) {
      // Without dependencies: this version knows no health and would start what the test has killed.
      const out = await compose(['run', '--rm', '--no-deps', '-T', service, ...args], input);
      const failed = /^exit code: ([1-9]\d*)$/m.exec(out);
      if (failed !== null) throw new Error(`${service} ${args.join(' ')} ended with ${failed[1]}:\n${out}`);
      return out;
    },
    async json(service, args, input) {
      const out = await project.oneShot(service, [...args, '--json'], input);
      const line = out.split('\n').findLast((candidate) => /^[[{]"/.test(candidate) || candidate === '[]');
      if (line === undefined) throw new Error(`expected a JSON line of ${service}, got:\n${out}`);
      return JSON.parse(line);
    },
    inside: (service, script) => podman(['exec', nameOf(service), 'sh', '-c', script]),
    async healthy(services) {
      const until = Date.now() + HEALTHY_MS;
      for (const service of services) {
        for (;;) {
          // Nothing runs the checks by the clock where there is no systemd; each takes long enough to be the pause.
          const { code, out, err } = await tryRun('podman', ['healthcheck', 'run', nameOf(service)], { env });
          if (code === 0) break;
          if (Date.now() > until) {
            const logs = await project.logs(service);
            throw new Error(`expected ${service} healthy, got ${code}: ${out}${err}\n${logs}`);
          }
        }
      }
    },
    async kill(service) {
      await podman(['kill', '--signal', 'KILL', nameOf(service)]);
    },
    async isRunning(service) {
      return (await podman(['inspect', '--format', '{{.State.Running}}', nameOf(service)])).trim() === 'true';
    },
    async start(service) {
      await podman(['start', nameOf(service)]);
    },
    async logs(service) {
      const { out, err } = await tryRun('podman', ['logs', '--tail', '20', nameOf(service)], { env });
      return `${out}${err}`;
    },
    async down() {
      // This version tears down the services of profiles too, which were never started.
      await tryRun('podman-compose', ['-p', PROJECT, 'down', '--volumes'], { cwd: root, env });
      const left = (await podman(['ps', '--all', '--quiet'])).trim();
      if (left !== '') throw new Error(`expected no container after down, got ${left}`);
    },
  };
  return project;
}
