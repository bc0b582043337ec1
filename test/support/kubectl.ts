/** kubectl against one cluster: what people type, so what the tests type. */
import { execa } from 'execa';

export interface Output {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export class Kubectl {
  readonly kubeconfig: string;

  constructor(kubeconfig: string) {
    this.kubeconfig = kubeconfig;
  }

  /** Runs `kubectl <args>`; throws with kubectl's own words. */
  async run(args: readonly string[], input?: string): Promise<string> {
    const result = await this.try(args, input);
    if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr || result.stdout}`);
    return result.stdout;
  }

  /** Runs `kubectl <args>` and answers however it ended. */
  async try(args: readonly string[], input?: string): Promise<Output> {
    const result = await execa('kubectl', args, {
      env: { KUBECONFIG: this.kubeconfig },
      reject: false,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    });
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? -1 };
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run([...args, '-o', 'json'])) as T;
  }

  /** Runs a program in a pod's first container. */
  exec(pod: string, namespace: string, argv: readonly string[]): Promise<string> {
    return this.run(['exec', '-n', namespace, pod, '--', ...argv]);
  }

  /** Waits by a watch; `condition` as in `kubectl wait --for`, e.g. `condition=Ready` or `delete`. */
  async wait(condition: string, objects: readonly string[], seconds = 120, namespace?: string): Promise<void> {
    const scope = namespace ? ['-n', namespace] : [];
    await this.run(['wait', `--for=${condition}`, `--timeout=${seconds}s`, ...scope, ...objects]);
  }
}

/** Waits for something that has no watch (a kernel table, another program's state), looking every 250 ms. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${what}: not within ${seconds} s`, { cause: last });
}
