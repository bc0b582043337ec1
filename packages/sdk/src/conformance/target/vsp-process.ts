/** A plugin in a process of its own, served as in a VSP pod: by `dpu-vsp serve`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DpuError } from '../../errors.ts';
import { givenUpOn } from '../../host/calls/given-up-on.ts';
import type { DpuSide } from '../../manifest/detection/detect.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import { gaugeArguments, type Holdings, weigh } from './gauge.ts';
import { processesWith } from './processes.ts';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Milliseconds since the signal that was to end it. */
  afterMs: number;
}

export interface VspProcessOptions {
  /** Module of the `dpu-vsp` command. */
  dpuVsp: string;
  plugin: string;
  side: DpuSide;
  socketPath: string;
  /** What the operator tells the pod of the DPU. */
  dpu: { identifier: string; product?: string; pciAddress?: string };
  /** What stands in for `/sys`. */
  sysfs?: string;
  settings: unknown;
  /** Where the keys of its Secret and ConfigMap are. */
  secretDirectory: string | undefined;
  configMapDirectory: string | undefined;
  /** Milliseconds after which the VSP takes a call for one that hangs, and ends. */
  deadlineMs: number;
}

export interface Usage extends Holdings {
  descriptors: number;
  /** Bytes of memory that the process has. */
  resident: number;
}

const pageBytes = 4_096;
/** In the environment of the VSP and of all that it starts, also of what detaches itself. */
const marker = 'DPU_CONFORMANCE_RUN';
const keptLines = 20;
/** From the end of the VSP to that of what it has told to end. */
const lastProcessesMs = 5_000;

export class VspProcess {
  readonly #options: VspProcessOptions;
  readonly #mark = randomUUID();
  #child: ChildProcess | undefined;
  #canBeWeighed = false;
  #output: string[] = [];
  #askedToEnd = false;
  #wentOn: string | undefined;
  #death: string | undefined;
  /** Says how it ended, whoever ended it. */
  #ended: Promise<string> = Promise.resolve('the VSP is not running');

  constructor(options: VspProcessOptions) {
    this.#options = options;
  }

  /** How it ended by itself, unasked; told once. */
  takeDeath(): string | undefined {
    const death = this.#death;
    this.#death = undefined;
    return death;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when it has ended, with what there is to say about it. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /** What there is to say about its end; undefined when it runs on. */
  async endedWithin(milliseconds: number): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = globalThis.setTimeout(() => resolve(undefined), milliseconds);
    try {
      return await Promise.race([this.#ended, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws DpuError FAILED_PRECONDITION while it does not run. */
  get pid(): number {
    const { pid } = this.#running();
    if (pid === undefined) throw new DpuError('FAILED_PRECONDITION', 'the VSP did not start');
    return pid;
  }

  get socketPath(): string {
    return this.#options.socketPath;
  }

  /** What its host said of a plugin that it did not wait for any longer. */
  get wentOn(): string | undefined {
    return this.#wentOn;
  }

  /** The last lines that it wrote. */
  get output(): string {
    return this.#output.join('\n');
  }

  /** Whether it runs so that {@link usage} can be had. */
  get canBeWeighed(): boolean {
    return this.running && this.#canBeWeighed;
  }

  /** @param toBeWeighed Whether {@link usage} is to be had. Default: it runs as in its pod. */
  start({ toBeWeighed = false } = {}): void {
    const { dpuVsp, plugin, side, socketPath, dpu, sysfs, settings, deadlineMs } = this.#options;
    const { secretDirectory, configMapDirectory } = this.#options;
    this.#canBeWeighed = toBeWeighed;
    const command = [
      ...(toBeWeighed ? gaugeArguments : []),
      dpuVsp,
      'serve',
      '--plugin',
      plugin,
      '--socket',
      socketPath,
    ];
    const child = spawn(process.execPath, command, {
      env: {
        ...process.env,
        DPU_NAME: 'conformance',
        [marker]: this.#mark,
        DPU_SIDE: side,
        DPU_IDENTIFIER: dpu.identifier,
        ...omitUndefined({ DPU_PRODUCT: dpu.product, DPU_PCI_ADDRESS: dpu.pciAddress, DPU_SYSFS: sysfs }),
        DPU_SETTINGS: JSON.stringify(settings ?? {}),
        // Those of whoever runs the suite are not for the plugin.
        DPU_SECRET: undefined,
        DPU_SECRET_DIRECTORY: secretDirectory && resolve(secretDirectory),
        DPU_CONFIG_MAP: undefined,
        DPU_CONFIG_MAP_DIRECTORY: configMapDirectory && resolve(configMapDirectory),
        DPU_DEADLINE: String(deadlineMs / 1000),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C is for the suite, which ends the VSP when it is done with it.
      detached: true,
    });
    this.#output = [];
    this.#wentOn = undefined;
    this.#askedToEnd = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = text.split('\n').filter(Boolean);
        this.#wentOn ??= lines.find((line) => givenUpOn.some((text) => line.includes(text)));
        this.#output = [...this.#output, ...lines].slice(-keptLines);
      });
    }
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        if (this.#child === child) this.#child = undefined;
        const text = `the VSP ended ${how}${this.#output.length > 0 ? `:\n${this.output}` : ''}`;
        if (!this.#askedToEnd) this.#death = text;
        resolve(text);
      };
      child.once('error', (error) => end(`before it began (${error.message})`));
      child.once('close', (code, signal) => end(signal ? `by ${signal}` : `with exit code ${code}`));
    });
  }

  /**
   * Sends a signal and waits for the end.
   *
   * @throws DpuError DEADLINE_EXCEEDED when it has not ended within the time; it is killed then.
   */
  async end(signal: 'SIGTERM' | 'SIGKILL', timeoutMs: number): Promise<Exit> {
    const child = this.#running();
    this.#askedToEnd = true;
    const start = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<Exit>();
    const timer = globalThis.setTimeout(() => {
      child.kill('SIGKILL');
      reject(new DpuError('DEADLINE_EXCEEDED', `the VSP still runs ${timeoutMs} ms after ${signal}`));
    }, timeoutMs);
    child.once('close', (code, by) => resolve({ code, signal: by, afterMs: performance.now() - start }));
    child.kill(signal);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      await this.#ended;
    }
  }

  /** What it holds, once its garbage is collected. Only while {@link canBeWeighed}. */
  async usage(): Promise<Usage> {
    const held = await weigh(this.#running());
    const [descriptors, statm] = await Promise.all([
      readdir(`/proc/${this.pid}/fd`),
      readFile(`/proc/${this.pid}/statm`, 'utf8'),
    ]);
    return { ...held, descriptors: descriptors.length, resident: Number(statm.split(' ')[1]) * pageBytes };
  }

  /** Processes that it, or what it started, has left running once it has ended: `ovs-vswitchd (4711)`. */
  async leftProcesses(): Promise<string[]> {
    const until = performance.now() + lastProcessesMs;
    for (;;) {
      const left = await processesWith(`${marker}=${this.#mark}`);
      if (left.length === 0 || performance.now() > until) return left;
      await setTimeout(100);
    }
  }

  #running(): ChildProcess {
    if (this.#child) return this.#child;
    throw new DpuError('FAILED_PRECONDITION', 'the VSP is not running');
  }
}
