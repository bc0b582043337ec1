/** Network links through iproute2: one `ip` per call and namespace, JSON out, batches in. */
import { DpuError } from '../../errors.ts';
import { type Exec, notFoundExit } from '../exec.ts';
import { type BatchFailure, batchFailures, commandLine, type IpCommand, ipError } from './ip-commands.ts';
import type { Link } from './link.ts';
import { parseLinks } from './links-json.ts';
import { activeOffloads, type Offload, setOffloads } from './links-offload.ts';

/** Which links to list. Default: all. */
export interface LinkFilter {
  name?: string;
  kind?: string;
}

/**
 * The links of one network namespace: that of this process, or the one at a path. By programs (`ip`, `ethtool`), for which
 * a test can speak; plugins get {@link NetlinkLinks}.
 *
 * @example
 * const pod = new Links(exec, '/var/run/netns/cni-1234');
 * await pod.batch(['link set eth1 address 02:00:00:00:00:01', 'link set eth1 up']);
 */
export class Links {
  protected readonly exec: Exec;
  readonly netns: string | undefined;

  constructor(exec: Exec, netns?: string) {
    this.exec = exec;
    this.netns = netns;
  }

  /** Those of the namespace at a path. */
  at(netns: string): Links {
    return new Links(this.exec, netns);
  }

  async list(filter: LinkFilter = {}): Promise<Link[]> {
    const result = await this.#ip(['-json', '-details', 'addr', 'show', ...(filter.name ? ['dev', filter.name] : [])]);
    if (result.exitCode !== 0) {
      const error = ipError(result.stderr, 'ip addr show');
      if (filter.name && error.code === 'NOT_FOUND' && !result.stderr.includes('nsenter')) return [];
      throw error;
    }
    return parseLinks(result.stdout).filter((link) => !filter.kind || link.kind === filter.kind);
  }

  async find(name: string): Promise<Link | undefined> {
    return (await this.list({ name }))[0];
  }

  /**
   * Runs `ip` commands (without the word `ip`) in order in one process. Stops at the first that fails and throws its
   * error; what ran before it stays done. With `force` the others run all the same and the failures are the answer.
   *
   * @throws DpuError ALREADY_EXISTS, NOT_FOUND (link or namespace), FAILED_PRECONDITION (busy, or there is no `ip`), INTERNAL
   */
  async batch(commands: readonly IpCommand[], options: { force?: boolean } = {}): Promise<BatchFailure[]> {
    if (commands.length === 0) return [];
    const lines = commands.map(commandLine);
    const result = await this.#ip([...(options.force ? ['-force'] : []), '-batch', '-'], `${lines.join('\n')}\n`);
    if (result.exitCode === 0) return [];
    const failures = batchFailures(result.stderr, lines);
    if (options.force && failures.length > 0) return failures;
    throw failures[0]?.error ?? ipError(result.stderr, 'ip -batch');
  }

  /** Like a forced {@link batch}, and answers the links there are after it, in the same call. */
  async batchAndList(commands: readonly IpCommand[]): Promise<{ links: Link[]; failures: BatchFailure[] }> {
    const lines = [...commands.map(commandLine), 'addr show'];
    const result = await this.#ip(['-force', '-json', '-details', '-batch', '-'], `${lines.join('\n')}\n`);
    const failures = result.exitCode === 0 ? [] : batchFailures(result.stderr, lines);
    const failed = failures.find(({ line }) => line === commands.length)?.error;
    if (failed || (result.exitCode !== 0 && failures.length === 0)) {
      throw failed ?? ipError(result.stderr, 'ip -batch');
    }
    return { links: parseLinks(result.stdout), failures };
  }

  /**
   * Switches offloads of a link off. A userspace switch reads frames as they are: a sender that leaves checksums to the
   * hardware (`tx`), and a port that joins received frames to one longer than its MTU (`gro`), break TCP. The setting
   * goes with the link into another namespace.
   *
   * @throws DpuError NOT_FOUND without the link, INTERNAL where it refuses
   */
  async disableOffloads(link: string, offloads: readonly Offload[]): Promise<void> {
    await setOffloads(this.#run, link, offloads, 'off');
  }

  /** Switches them on again. */
  async enableOffloads(link: string, offloads: readonly Offload[]): Promise<void> {
    await setOffloads(this.#run, link, offloads, 'on');
  }

  /** Which of them are on. */
  async activeOffloads(link: string, offloads: readonly Offload[]): Promise<Offload[]> {
    return activeOffloads(this.#run, link, offloads);
  }

  async #ip(args: readonly string[], input?: string) {
    const result = await this.#run('ip', args, { allowFailure: true, ...(input !== undefined && { input }) });
    // In the words of nsenter, which are those for a link that is missing: a delete would count as done.
    if (result.exitCode === notFoundExit) throw new DpuError('FAILED_PRECONDITION', result.stderr.trim());
    return result;
  }

  readonly #run: Exec = (file, args, options) => {
    if (!this.netns) return this.exec(file, args, options);
    return this.exec('nsenter', [`--net=${this.netns}`, file, ...args], options);
  };
}
