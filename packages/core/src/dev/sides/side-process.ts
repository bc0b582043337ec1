/** The harness's end of the process that is one side: a node with its daemon and VSP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DpuError } from '@dpu-operator/sdk';
import { type Message, type MethodName, message, methods, type Params, type Result } from './protocol.ts';

export interface SideProcessOptions {
  netns: string;
  /** The module that it runs. */
  entry: string;
  onMessage: (message: Message) => void;
  /** A line of the daemon's log. */
  onLog: (line: string) => void;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * Runs in namespaces of its own: the network of its node, and mounts and processes besides. Whatever it starts ends
 * with it, and it ends when this process does, however that happens.
 */
export class SideProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #failure: DpuError | undefined;

  constructor({ netns, entry, onMessage, onLog }: SideProcessOptions) {
    const own = ['unshare', '--mount', '--propagation', 'slave', '--pid', '--fork', '--kill-child', '--mount-proc'];
    this.#child = spawn('ip', ['netns', 'exec', netns, ...own, process.execPath, entry], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      cwd: '/',
      // Ctrl-C is for the harness alone, which ends its sides in order.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on('line', onLog);
    }
    this.#child.on('message', (raw) => {
      const parsed = message.parse(raw);
      if (parsed.kind === 'result' || parsed.kind === 'error') this.#answered(parsed);
      else onMessage(parsed);
    });
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#failure ??= new DpuError('UNAVAILABLE', `the process of the side in ${netns} ended (${how})`);
        for (const { reject } of this.#waiting.values()) reject(this.#failure);
        this.#waiting.clear();
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  /** @throws DpuError what the side threw, UNAVAILABLE when its process has ended */
  async call<Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name>> {
    if (this.#failure) throw this.#failure;
    this.#lastId += 1;
    const id = this.#lastId;
    const result = await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, params }, (error) => error && reject(error));
    });
    // The schema of a method is that of its result type.
    return methods[method].result.parse(result) as Result<Name>;
  }

  /** Ends it and everything in it. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }

  #answered(answer: Extract<Message, { kind: 'result' | 'error' }>): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'result') waiting?.resolve(answer.result);
    else waiting?.reject(new DpuError(answer.code, answer.message));
  }
}
