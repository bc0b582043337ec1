/** The operator that is measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { operatorFlags } from '@dpu-operator/core/operator/shared/node-process';
import { repositoryRoot } from '../../cluster/paths.ts';
import { type ControlPlane, freePort, namespace } from './control-plane.ts';
import { type Figures, measure } from './measure.ts';

/** Milliseconds that anything may take. */
const limitMs = 3_600_000;

/** What says how a VSP pod looks. */
export const operatorVariables = {
  NAMESPACE: namespace,
  POD_NAME: 'operator',
  OPERATOR_IMAGE: 'dpu-operator/operator:dev',
  VSP_IMAGE: 'dpu-operator/vsp:dev',
};

/** The bundled operator as a process of its own, which leads at once. */
export class Operator {
  readonly #plane: ControlPlane;
  /** Of Node, beside the operator's own. */
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #healthPort = 0;

  constructor(plane: ControlPlane, flags: readonly string[] = []) {
    this.#plane = plane;
    this.#flags = flags;
  }

  async start(): Promise<void> {
    this.#healthPort = await freePort();
    const program = join(repositoryRoot, 'packages/core/dist/bundle/operator.mjs');
    // Ends with this process, however that ends.
    const command = ['--pdeathsig', 'KILL', process.execPath, ...operatorFlags, ...this.#flags, program];
    this.#child = spawn('setpriv', command, {
      env: {
        ...process.env,
        KUBECONFIG: this.#plane.kubeconfig,
        ...operatorVariables,
        LEADER_ELECTION: 'false',
        HEALTH_PORT: String(this.#healthPort),
        METRICS_PORT: '0',
        MALLOC_MMAP_THRESHOLD_: '32768',
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout?.pipe(createWriteStream(join(this.#plane.directory, 'operator.log'), { flags: 'a' }));
    await once(this.#child, 'spawn');
  }

  /** Its caches are filled and its controllers work. */
  async untilReady(): Promise<void> {
    const url = `http://127.0.0.1:${this.#healthPort}/readyz`;
    while (!(await fetch(url).catch(() => undefined))?.ok) await sleep(50);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  async measure(happen: () => Promise<unknown>, isDone: (() => boolean) | undefined): Promise<Figures> {
    return await measure(() => this.#child?.pid, this.#plane.auditLog, limitMs, happen, isDone);
  }
}
