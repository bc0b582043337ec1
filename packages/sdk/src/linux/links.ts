/** Network links through iproute2: one `ip` per call and namespace, JSON out, batches in. */
import { z } from 'zod';
import { DpuError } from '../errors.ts';
import type { Exec } from './exec.ts';
import { activeOffloads, type Offload, setOffloads } from './links-offload.ts';

/** An address of a link. */
export interface LinkAddress {
  family: 'inet' | 'inet6';
  /** Without the prefix. */
  address: string;
  prefixLength: number;
  /** `global`, `link`, `host`, … */
  scope: string;
}

/** A network device as one namespace sees it. */
export interface Link {
  name: string;
  index: number;
  /** Lower-case, colon-separated; empty for devices without one. */
  mac: string;
  mtu: number;
  /** Administratively up. */
  up: boolean;
  /** Up, and so is what it hangs on: it can carry packets. */
  running: boolean;
  /** `veth`, `vxlan`, `bridge`, …; undefined for hardware and loopback. */
  kind?: string;
  alias?: string;
  /** Further names; where a name is asked for, each of them is one. */
  altNames?: string[];
  /** Of the device behind it, where that is on the PCI bus: no namespace and no pod changes it. */
  pciAddress?: string;
  /** The MAC that the device came with; only hardware has one. */
  permanentMac?: string;
  /** The bridge or bond that it is a port of. */
  masterName?: string;
  /** The other end of a veth pair. Its name is known where that end is in the same namespace. */
  peer?: { name?: string; index?: number };
  /** Number of the namespace of what it hangs on (veth: the other end; VXLAN: the underlay), where that is another one. */
  linkNetnsId?: number;
  vxlan?: { vni: number; port: number; local?: string; remote?: string };
  addresses: LinkAddress[];
}

/** Which links to list. Default: all. */
export interface LinkFilter {
  name?: string;
  kind?: string;
}

/** A line of a batch that the kernel or iproute2 refused. */
export interface BatchFailure {
  /** Counted from 0. */
  line: number;
  error: DpuError;
}

/** A link to make. */
export interface NewLink {
  name: string;
  /** `bridge`, `dummy`, `veth`, `vxlan`, … */
  kind: string;
  mac?: string | undefined;
  /** Bytes. */
  mtu?: number | undefined;
  up?: boolean | undefined;
  /** veth: the other end. */
  peer?: { name: string; mac?: string | undefined; mtu?: number | undefined };
  /** VXLAN: a tunnel with one other end, so that nothing is learned about where an address lives. */
  vxlan?: { vni: number; port: number; local: string; remote: string };
}

/** A change of a link that needs no program: {@link NetlinkLinks} asks the kernel for it. */
export type LinkCommand = { create: NewLink } | { set: string; up: boolean } | { delete: string };

/** One `ip` command: a line of text, or its words, of which none may hold white space or quotes. */
export type IpText = string | readonly string[];

/** A line of a batch: words of `ip`, or a command that netlink does without that program. */
export type IpCommand = IpText | LinkCommand;

const linkAddress = z.object({
  family: z.string(),
  local: z.string().optional(),
  prefixlen: z.number(),
  scope: z.string().default('global'),
});

const wireLink = z.object({
  ifname: z.string(),
  ifindex: z.number(),
  address: z.string().default(''),
  mtu: z.number(),
  flags: z.array(z.string()),
  ifalias: z.string().optional(),
  master: z.string().optional(),
  link: z.string().nullish(),
  link_index: z.number().optional(),
  link_netnsid: z.number().optional(),
  altnames: z.array(z.string()).optional(),
  parentbus: z.string().optional(),
  parentdev: z.string().optional(),
  permaddr: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z
        .object({
          id: z.number().optional(),
          port: z.number().optional(),
          local: z.string().optional(),
          local6: z.string().optional(),
          remote: z.string().optional(),
          remote6: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
  addr_info: z.array(linkAddress).default([]),
});

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
   * @throws DpuError ALREADY_EXISTS, NOT_FOUND (link or namespace), FAILED_PRECONDITION (busy), INTERNAL
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

  #ip(args: readonly string[], input?: string) {
    return this.#run('ip', args, { allowFailure: true, ...(input !== undefined && { input }) });
  }

  readonly #run: Exec = (file, args, options) => {
    if (!this.netns) return this.exec(file, args, options);
    return this.exec('nsenter', [`--net=${this.netns}`, file, ...args], options);
  };
}

/** What `ip -json -details addr show` prints. */
export function parseLinks(json: string): Link[] {
  if (json.trim() === '') return [];
  // Where a filter leaves a link out, iproute2 prints {} in its place.
  const objects = z.array(z.looseObject({})).parse(JSON.parse(json));
  return objects.filter((object) => 'ifname' in object).map((object) => toLink(wireLink.parse(object)));
}

function toLink(wire: z.infer<typeof wireLink>): Link {
  const kind = wire.linkinfo?.info_kind;
  const data = wire.linkinfo?.info_data;
  const local = data?.local ?? data?.local6;
  const remote = data?.remote ?? data?.remote6;
  return {
    name: wire.ifname,
    index: wire.ifindex,
    mac: wire.address,
    mtu: wire.mtu,
    up: wire.flags.includes('UP'),
    running: wire.flags.includes('UP') && wire.flags.includes('LOWER_UP'),
    ...(kind !== undefined && { kind }),
    ...(wire.ifalias !== undefined && { alias: wire.ifalias }),
    ...(wire.link_netnsid !== undefined && { linkNetnsId: wire.link_netnsid }),
    ...(wire.altnames !== undefined && { altNames: wire.altnames }),
    ...(wire.parentbus === 'pci' && wire.parentdev !== undefined && { pciAddress: wire.parentdev }),
    ...(wire.permaddr !== undefined && { permanentMac: wire.permaddr }),
    ...(wire.master !== undefined && { masterName: wire.master }),
    ...(kind === 'veth' && {
      peer: {
        ...(wire.link && { name: wire.link }),
        ...(wire.link_index !== undefined && { index: wire.link_index }),
      },
    }),
    ...(kind === 'vxlan' &&
      data?.id !== undefined &&
      data.port !== undefined && {
        vxlan: { vni: data.id, port: data.port, ...(local && { local }), ...(remote && { remote }) },
      }),
    addresses: wire.addr_info.flatMap(({ family, local, prefixlen, scope }) =>
      (family === 'inet' || family === 'inet6') && local
        ? [{ family, address: local, prefixLength: prefixlen, scope }]
        : [],
    ),
  };
}

function commandLine(command: IpCommand): string {
  if (typeof command === 'string') {
    if (!/[\n\r]/.test(command)) return command;
    throw new DpuError('INVALID_ARGUMENT', `an ip command must be one line: ${JSON.stringify(command)}`);
  }
  if (isLinkCommand(command)) return commandLine(wordsOf(command));
  const bad = command.find((word) => word === '' || /[\s"'\\#]/.test(word));
  if (bad === undefined) return command.join(' ');
  throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(bad)} cannot be a word of an ip command`);
}

/** Whether a line of a batch needs no program. */
export function isLinkCommand(command: IpCommand): command is LinkCommand {
  return typeof command === 'object' && !Array.isArray(command);
}

function wordsOf(command: LinkCommand): string[] {
  if ('set' in command) return ['link', 'set', command.set, command.up ? 'up' : 'down'];
  if ('delete' in command) return ['link', 'del', command.delete];
  const { kind, peer, vxlan, up, ...end } = command.create;
  const words = ['link', 'add', ...endWords(end), ...(up ? ['up'] : []), 'type', kind];
  if (peer) words.push('peer', 'name', ...endWords(peer));
  if (vxlan) {
    words.push('id', `${vxlan.vni}`, 'local', vxlan.local, 'remote', vxlan.remote);
    words.push('dstport', `${vxlan.port}`, 'nolearning');
  }
  return words;
}

function endWords({ name, mac, mtu }: Pick<NewLink, 'name' | 'mac' | 'mtu'>): string[] {
  return [name, ...(mac === undefined ? [] : ['address', mac]), ...(mtu === undefined ? [] : ['mtu', `${mtu}`])];
}

function batchFailures(stderr: string, lines: readonly string[]): BatchFailure[] {
  const failures: BatchFailure[] = [];
  let words: string[] = [];
  for (const text of stderr.split('\n')) {
    const number = /^Command failed -:(\d+)/.exec(text)?.[1];
    if (number === undefined) {
      if (text.trim()) words.push(text.trim());
      continue;
    }
    const line = Number(number) - 1;
    failures.push({ line, error: ipError(words.join(' '), `ip ${lines[line] ?? ''}`) });
    words = [];
  }
  return failures;
}

function ipError(stderr: string, what: string): DpuError {
  const words = stderr.trim();
  return new DpuError(ipErrorCode(words), `${what}: ${words || 'failed without a word'}`);
}

function ipErrorCode(words: string) {
  const missing = /does not exist|Cannot find device|No such (device|file|process)|Invalid "?netns/i;
  if (missing.test(words)) return 'NOT_FOUND';
  if (/exists/i.test(words)) return 'ALREADY_EXISTS';
  return /busy/i.test(words) ? 'FAILED_PRECONDITION' : 'INTERNAL';
}
